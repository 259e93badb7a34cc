import { BossmanError, messageOf } from '../errors';
import type { HistoryOptions, InstanceInfo, JobInfo, NextOptions, RunRecord } from '../info';
import type { BossmanOptions } from '../options';
import {
  addressOf,
  type Client,
  checkPrefix,
  closedReasonOf,
  connect,
  hangUp,
  isCluster,
  reasonOf,
  spaceOf,
} from '../redis/connection';
import { Keys } from '../redis/keys';
import { BEGINS_WITHIN, pauseInfo } from '../redis/pause-records';
import { askWhy, isOpaque } from '../redis/probe';
import { parseRecord } from '../redis/records';
import type { ForgetReply } from '../redis/replies';
import { Store } from '../redis/store';
import { type PauseSettings, readHistoryOptions, readName, readNextOptions, readOptions } from '../settings';
import { RedisClock } from '../time/clock';
import { Pauses } from '../time/pauses';
import { after, cancel } from '../time/timers';
import { Deaths } from './deaths';
import { Overview, type Seen } from './overview';
import { InspectionStore } from './reads';
import { type Roll, RollCall } from './roll-call';

/** ms after which an unreachable Redis is reported. */
const CONNECT_WITHIN = 5000;
/** ms for which a closing connection waits for pending replies. */
const CLOSE_WITHIN = 1000;

/** The number of a job's runs that are searched for a demand's run. */
const RECENT = 100;

/** Inspects and controls a fleet without being one of its instances. Every call rejects if Redis refuses. */
export class Inspector {
  readonly keys: Keys;
  private readonly pauses = new Pauses();
  private readonly store: Store;
  private readonly reads: InspectionStore;
  private readonly overview: Overview;

  constructor(
    readonly client: Client,
    prefix: string,
  ) {
    const { db, keyPrefix } = spaceOf(client);
    this.keys = new Keys(prefix, keyPrefix, db);
    const clock = new RedisClock();
    this.store = new Store(client, this.keys, clock, { clockJump: () => {}, suspects: () => {} });
    this.reads = new InspectionStore(client, this.keys);
    const shared = { store: this.store, clock, pauses: this.pauses };
    const roll = new RollCall(shared, this.reads, !isCluster(client), null);
    this.overview = new Overview(shared, this.reads, roll, new Deaths(shared, roll, null));
  }

  jobs(): Promise<JobInfo[]> {
    return this.overview.jobs();
  }

  /** The jobs, and the instances that answered meanwhile. */
  look(): Promise<Seen> {
    return this.overview.look();
  }

  fleet(): Promise<InstanceInfo[]> {
    return this.overview.fleet();
  }

  /** The fleet, and whether it could answer. */
  callRoll(): Promise<Roll> {
    return this.overview.callRoll();
  }

  /** The fleet, and whether all of it has answered. */
  wholeRoll(): Promise<Roll> {
    return this.overview.wholeRoll();
  }

  async history(name: string, options: HistoryOptions = {}): Promise<RunRecord[]> {
    return this.overview.history(readName(name), readHistoryOptions(options));
  }

  /** The last runs of a job without their stacks and causes, newest first. */
  recent(name: string, last: number): Promise<RunRecord[]> {
    return this.overview.recent(name, last);
  }

  async next(name: string, options: NextOptions = {}): Promise<number[]> {
    return this.overview.next(readName(name), readNextOptions(options));
  }

  /** The prefixes of other fleets in this database that are found within 3 s, sorted. */
  prefixes(): Promise<string[]> {
    return this.reads.prefixes();
  }

  /** @returns when the demand was made; its run has this as its `demandedAt` */
  async demand(name: string): Promise<number> {
    const { demandedAt } = await this.store.demand(readName(name), this.store.nextSequence(), 0, null);
    return demandedAt;
  }

  /** A demand's run, once it has ended; null before. Without a history, only the job's last run is known. */
  async runOf(name: string, demandedAt: number): Promise<RunRecord | null> {
    const [note, runs] = await Promise.all([
      this.reads.note('runs', name),
      this.overview.history(name, RECENT),
    ]);
    const lastRun = note === null ? null : parseRecord(note);
    // The history has more of the error.
    return [...runs, lastRun].find((run) => run?.demandedAt === demandedAt) ?? null;
  }

  async fire(name: string): Promise<void> {
    await this.store.fire(readName(name), this.store.nextSequence());
  }

  /** @param settings see `readPauseOptions` */
  async pause(name: string, { end, note }: PauseSettings): Promise<void> {
    await this.store.pause(readName(name), end, pauseInfo('cli', note, false), this.store.nextSequence());
    await this.pauses.brief(BEGINS_WITHIN);
  }

  /** False if the job was not paused. */
  async resume(name: string): Promise<boolean> {
    const info = pauseInfo('cli', null, true);
    return (await this.store.resume(readName(name), info, this.store.nextSequence())).verdict === 'resumed';
  }

  /** Deletes all data of a job except its lock. Check `wholeRoll` first. */
  forget(name: string): Promise<ForgetReply> {
    return this.store.forget(readName(name));
  }

  /** Closes the connection; never rejects. */
  async close(): Promise<void> {
    this.pauses.stop();
    await hangUp(this.client, CLOSE_WITHIN);
  }
}

/**
 * Connects, within 5 s.
 *
 * @throws BossmanError `CONNECTION` if Redis cannot be reached, with the reason and the address in its message (no
 *   password)
 * @throws TypeError or RangeError for invalid options, as `new Bossman` does
 */
export async function openInspector(
  options: Pick<BossmanOptions, 'connection' | 'prefix'>,
): Promise<Inspector> {
  const { connection } = options;
  const { prefix } = readOptions(options);
  checkPrefix(prefix, connection);
  const client = connect(connection, 'commands');
  try {
    await ready(client);
  } catch (error) {
    if (client.status !== 'end') client.disconnect();
    const reason = reasonOf(error);
    const cause = (isOpaque(reason) && (await askWhy(client, reason, false))) || reason;
    throw new BossmanError('CONNECTION', `${addressOf(client)}: ${messageOf(cause)}`, null, cause);
  }
  // From here on, the client reconnects by itself, and commands wait meanwhile.
  client.on('error', () => {});
  return new Inspector(client, prefix);
}

function ready(client: Client): Promise<void> {
  return new Promise((resolve, reject) => {
    const late = () => reject(new Error(`no answer within ${CONNECT_WITHIN} ms`));
    const timer = after(CONNECT_WITHIN, late);
    const settled = (settle: () => void) => {
      cancel(timer);
      client.removeListener('error', failed);
      settle();
    };
    const failed = (cause: unknown) => settled(() => reject(cause));
    client.on('error', failed);
    client.once('ready', () => settled(resolve));
    client.once('end', () => failed(closedReasonOf(client)));
  });
}
