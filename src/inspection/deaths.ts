import { BossmanError } from '../errors';
import { explained } from '../redis/refusals';
import type { Shared } from '../shared';
import type { RollCall } from './roll-call';

/** ms for which a run without a lock is left alone before its process is looked for; most runs settle by then. */
const ASK_AFTER = 1000;
/**
 * ms between the two checks, both of which must find its instance absent; after an outage, all instances have reconnected by
 * then.
 */
const AWAY_FOR = 3000;
/** ms after which an instance that was present is checked again. */
const ASK_AGAIN = 30_000;
/** The digits of a token that identify its instance. */
const ID_LENGTH = 16;

interface Suspect {
  readonly name: string;
  readonly token: string;
  /** Null: it is not being looked for. */
  probing: Promise<void> | null;
  /** When its instance was last present, in ms on a monotonic clock. */
  aliveAt: number;
}

/**
 * Finds runs whose process has died. A run is noted by the script that starts it until the script that settles it; both
 * return the noted runs that hold no lock. Such a run has died, or has outlived its lock and is still running.
 *
 * States of a run: suspected → after a delay, its instance is looked for → present: checked again after a longer delay,
 * if the run is still suspected → away, and away again 3 s later: recorded as died, by a script and therefore only
 * once. A run that settles meanwhile is no longer suspected. A busy or frozen process does not answer but keeps its
 * connection, so an instance counts as away only if its own channel has no subscriber and it does not answer the roll
 * call. An instance that was disconnected for longer and returns settles its run, and the script reverts the record.
 */
export class Deaths {
  private readonly suspects = new Map<string, Suspect>();

  constructor(
    private readonly shared: Pick<Shared, 'store' | 'pauses' | 'clock'>,
    private readonly roll: RollCall,
    /** Null: we are not an instance, so we run and report nothing. */
    private readonly own:
      | (Pick<Shared, 'teller' | 'track'> & {
          /** Called if a run of this instance is suspected: the instance knows whether the run is still in progress. */
          suspected: (name: string, token: string) => void;
        })
      | null,
  ) {}

  /** Call with all suspects of a job, even if there are none left. */
  suspected(name: string, tokens: readonly string[]): void {
    // Fast path: this is called for every run.
    if (tokens.length === 0 && this.suspects.size === 0) return;
    for (const [token, suspect] of this.suspects) {
      if (suspect.name === name && !tokens.includes(token)) this.suspects.delete(token);
    }
    for (const token of tokens) {
      if (this.shared.pauses.stopped) return;
      if (this.own && idOf(token) === this.shared.store.instance) {
        this.own.suspected(name, token);
        continue;
      }
      const suspect = this.suspects.get(token) ?? {
        name,
        token,
        probing: null,
        aliveAt: Number.NEGATIVE_INFINITY,
      };
      if (suspect.probing || this.shared.clock.monotonic() - suspect.aliveAt < ASK_AGAIN) continue;
      this.suspects.set(token, suspect);
      suspect.probing = this.probeLater(suspect).finally(() => {
        suspect.probing = null;
      });
    }
  }

  /**
   * Looks for suspects now, on request. Takes 3 s if the instance of a suspect is away.
   *
   * @param suspects token → name
   * @returns how many have died
   */
  async resolve(suspects: ReadonlyMap<string, string>): Promise<number> {
    try {
      const away = await this.awayOf([...suspects.keys()]);
      this.own?.teller.over('died', '');
      if (away.length === 0 || !(await this.shared.pauses.brief(AWAY_FOR))) return 0;
      const gone = await this.awayOf(away);
      await Promise.all(gone.map((token) => this.record(suspects.get(token) ?? '', token)));
      return gone.length;
    } catch (cause) {
      // Users with read-only access still get their answer.
      const message = `could not check whether runs have died (${explained(cause)})`;
      this.own?.teller.trouble(new BossmanError('COMMAND', message, null, cause), 'died');
      return 0;
    }
  }

  private async probeLater(suspect: Suspect): Promise<void> {
    if (!(await this.shared.pauses.pause(ASK_AFTER))) return;
    try {
      await this.probe(suspect);
      this.own?.teller.over('died', suspect.name);
    } catch (cause) {
      if (this.shared.pauses.stopped) return;
      // Treated as present: checked again later, if it is still suspected.
      suspect.aliveAt = this.shared.clock.monotonic();
      const message = `could not check whether a run of '${suspect.name}' has died (${explained(cause)}); trying again`;
      this.own?.teller.trouble(new BossmanError('COMMAND', message, suspect.name, cause), 'died');
    }
  }

  private async probe(suspect: Suspect): Promise<void> {
    const { name, token } = suspect;
    const isSuspect = () => this.suspects.get(token) === suspect;
    for (let times = 1; times <= 2 && isSuspect(); times += 1) {
      if ((await this.awayOf([token])).length === 0) {
        suspect.aliveAt = this.shared.clock.monotonic();
        return;
      }
      if (times === 1 && !(await this.shared.pauses.pause(AWAY_FOR))) return;
    }
    if (!isSuspect()) return;
    await this.record(name, token);
    this.suspects.delete(token);
  }

  /** The tokens whose instance is neither connected nor answers. */
  private async awayOf(tokens: readonly string[]): Promise<string[]> {
    if (tokens.length === 0) return [];
    const connected = await this.shared.store.peers.connectedOf([...new Set(tokens.map(idOf))]);
    const silent = tokens.filter((token) => !connected.has(idOf(token)));
    if (silent.length === 0) return [];
    const answering = await this.roll.answering();
    return silent.filter((token) => !answering.has(idOf(token)));
  }

  private async record(name: string, token: string): Promise<void> {
    const recording = this.shared.store.died(name, token, this.own !== null);
    const { verdict, slot, demandedAt } = await (this.own?.track(recording) ?? recording);
    if (verdict === 'died' && this.own?.teller.hears('lost'))
      this.own.teller.tell('lost', { job: name, slot, demandedAt, why: 'died' });
  }
}

/** The id of the instance that a lock's token belongs to. */
export function idOf(token: string): string {
  return token.slice(0, ID_LENGTH);
}
