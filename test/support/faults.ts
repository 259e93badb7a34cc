import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { Redis, type RedisOptions } from 'ioredis';
import Bossman from '../../src';
import { type Bells, hearBells } from './bells';
import { type Exit, runScript } from './child';
import { slotsOf } from './flaws';
import { allHungUp } from './hung-up';
import { type RedisServer, startServer } from './redis';
import { Stalls } from './stalls';
import { waitFor } from './wait';

type Events = Bossman.BossmanEvents;

/** What was told: by event, in the order in which it came; an error as `CODE: message`. */
export type Told = { [E in Exclude<keyof Events, 'error'>]: Events[E][0][] } & { error: string[] };

/** A process of its own with one instance in it, to be killed or frozen. */
export interface Member {
  readonly told: Told;
  /** Codes of the reasons for which the signals of its runs aborted. */
  readonly aborted: string[];
  /** SIGSTOP: its connections stay open, and it does nothing. */
  freeze(): void;
  /** SIGCONT. */
  thaw(): void;
  /** As `caughtUp` of an instance in this process. */
  caughtUp(): Promise<void>;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
  /** SIGTERM, on which it quits; resolves when it is gone. */
  quit(): Promise<Exit>;
}

/** What a process of its own hires, and how its runs go. */
export interface MemberTask {
  /** Options of its instance. */
  options?: Bossman.RunOptions;
  jobs: Record<string, Omit<Bossman.JobDefinition, 'work'>>;
  /** How long `work` takes, in ms; 0 by default. */
  workMs?: number;
  /** So many ms its wall clock is fast. */
  skewMs?: number;
}

/** The instances of one test, and the server that is theirs alone; all of it is fresh for every test. */
export interface FaultyFleet {
  readonly server: RedisServer;
  readonly prefix: string;
  /** A plain client of the server, which may be killed with the others: it connects again. */
  readonly redis: Redis;
  /** What all told, in this process and in others. */
  readonly told: Told;
  /** When this process stood still. */
  readonly stalls: Stalls;
  /** What an instance of this process told. */
  toldBy(instance: Bossman): Told;
  /** A new instance, which tries every 20 ms to connect if `connection` does not say otherwise. */
  join(options?: Bossman.RunOptions, connection?: RedisOptions): Bossman;
  /** A new process; resolves when all is hired. */
  spawn(task: MemberTask): Promise<Member>;
  /** Slots of the job that were started, in the order in which that was told. */
  slotsOf(job: string): number[];
  /** Resolves when so many more slots of the job have been started, from now on. */
  ticks(job: string, count: number): Promise<void>;
  /** Resolves when the bell has just so many listeners. */
  heardBy(count: number): Promise<unknown>;
  /** What the bell says from now on; it is one listener more. */
  hearBells(): Promise<Bells>;
  /** Has the server kill connections of all instances: those for commands (`normal`), or the subscribers'. */
  killConnections(type: 'normal' | 'pubsub'): Promise<unknown>;
  /** The test goes well although errors are told that match, `CODE: message`. */
  allowErrors(pattern: RegExp): void;
}

/**
 * Instances for tests that break their server: each test has one of its own. After a test its instances have quit, its
 * processes are gone, and it fails if an `error` was told that it did not allow, or if a connection is left.
 *
 * @param args of the server
 */
export function makeFaultyFleet(args: string[] = []): FaultyFleet {
  let fleet: OneFleet | undefined;
  const current = (): OneFleet => {
    if (!fleet) throw new Error('makeFaultyFleet: its instances are for use within a test');
    return fleet;
  };
  beforeEach(async () => {
    fleet = new OneFleet(await startServer({ args }));
  });
  afterEach(() => current().end());
  return {
    get server() {
      return current().server;
    },
    get prefix() {
      return current().prefix;
    },
    get redis() {
      return current().redis;
    },
    get told() {
      return current().told;
    },
    get stalls() {
      return current().stalls;
    },
    toldBy: (instance) => current().toldBy(instance),
    join: (options, connection) => current().join(options, connection),
    spawn: (task) => current().spawn(task),
    slotsOf: (job) => current().slotsOf(job),
    ticks: (job, count) => current().ticks(job, count),
    heardBy: (count) => current().heardBy(count),
    hearBells: () => current().hearBells(),
    killConnections: (type) => current().killConnections(type),
    allowErrors: (pattern) => current().allowErrors(pattern),
  };
}

class OneFleet implements FaultyFleet {
  readonly prefix = `faults-${randomBytes(6).toString('hex')}`;
  readonly redis: Redis;
  readonly told = nothingTold();
  readonly stalls = new Stalls();
  private readonly instances = new Map<Bossman, Told>();
  private readonly members: Member[] = [];
  private readonly allowed: RegExp[] = [];
  private readonly heard: Bells[] = [];

  constructor(readonly server: RedisServer) {
    this.redis = new Redis(server.port, { retryStrategy: () => 20, maxRetriesPerRequest: null });
    this.redis.on('error', () => {});
  }

  join(options: Bossman.RunOptions = {}, connection: RedisOptions = {}): Bossman {
    const { port } = this.server;
    const instance = new Bossman({
      connection: { host: '127.0.0.1', port, retryStrategy: () => 20, ...connection },
      prefix: this.prefix,
      ...options,
    });
    const told = nothingTold();
    this.instances.set(instance, told);
    for (const lists of [told, this.told]) record(instance, lists);
    return instance;
  }

  toldBy(instance: Bossman): Told {
    const told = this.instances.get(instance);
    if (!told) throw new Error('toldBy: the instance did not join this fleet');
    return told;
  }

  async spawn(task: MemberTask): Promise<Member> {
    const told = nothingTold();
    const aborted: string[] = [];
    let hired = false;
    let caughtUp = 0;
    let child: ChildProcess | undefined;
    const exit = runScript(scriptOf(this.prefix, task), this.server.url, (line, process) => {
      child = process;
      const { kind, event } = JSON.parse(line);
      if (kind === 'hired') hired = true;
      else if (kind === 'caught up') caughtUp += 1;
      else if (kind === 'aborted') aborted.push(event);
      else for (const lists of [told, this.told]) listOf(lists, kind).push(event);
    });
    const signal = (name: NodeJS.Signals) => void child?.kill(name);
    const member: Member = {
      told,
      aborted,
      freeze: () => signal('SIGSTOP'),
      thaw: () => signal('SIGCONT'),
      async caughtUp() {
        const before = caughtUp;
        signal('SIGUSR2');
        await waitFor('a process to catch up', () => caughtUp > before);
      },
      async kill() {
        signal('SIGKILL');
        await exit;
      },
      quit() {
        signal('SIGTERM');
        return exit;
      },
    };
    this.members.push(member);
    await waitFor('a process to have hired', () => hired);
    return member;
  }

  slotsOf(job: string): number[] {
    return slotsOf(this.told, job);
  }

  async ticks(job: string, count: number): Promise<void> {
    const before = this.slotsOf(job).length;
    const enough = () => this.slotsOf(job).length >= before + count;
    await waitFor(`${count} more slots of ${job}`, enough);
  }

  heardBy(count: number): Promise<unknown> {
    return waitFor(`${count} to listen to the bell`, async () => {
      const [, listeners] = await this.redis.pubsub('NUMSUB', `${this.prefix}:bell:0`);
      return Number(listeners) === count;
    });
  }

  async hearBells(): Promise<Bells> {
    const bells = await hearBells(this.redis, `${this.prefix}:bell:0`);
    this.heard.push(bells);
    return bells;
  }

  killConnections(type: 'normal' | 'pubsub'): Promise<unknown> {
    return this.redis.call('CLIENT', 'KILL', 'TYPE', type);
  }

  allowErrors(pattern: RegExp): void {
    this.allowed.push(pattern);
  }

  async end(): Promise<void> {
    await Promise.all(this.members.map((member) => member.kill()));
    await Promise.all([...this.instances.keys()].map((instance) => instance.quit()));
    for (const bells of this.heard) bells.close();
    await this.allHungUp().finally(() => this.putAway());
  }

  private async allHungUp(): Promise<void> {
    if (!this.server.running) return;
    this.server.thaw();
    const own = await this.redis.client('ID');
    await allHungUp(this.redis, `${this.prefix}:bell:0`, (client) => !client.startsWith(`id=${own} `));
  }

  private async putAway(): Promise<void> {
    this.stalls.stop();
    this.redis.disconnect();
    await this.server.stop();
    const unexpected = this.told.error.filter(
      (error) => !this.allowed.some((pattern) => pattern.test(error)),
    );
    if (unexpected.length > 0) throw new Error(`errors were told:\n${unexpected.join('\n')}`);
  }
}

function nothingTold(): Told {
  return { start: [], finish: [], fail: [], skip: [], lost: [], plan: [], error: [] };
}

function listOf(told: Told, kind: keyof Told): unknown[] {
  return told[kind];
}

function record(instance: Bossman, told: Told): void {
  instance.on('start', (event) => told.start.push(event));
  instance.on('finish', (event) => told.finish.push(event));
  instance.on('fail', (event) => told.fail.push(event));
  instance.on('skip', (event) => told.skip.push(event));
  instance.on('lost', (event) => told.lost.push(event));
  instance.on('plan', (event) => told.plan.push(event));
  instance.on('error', ({ code, message }) => told.error.push(`${code}: ${message}`));
}

/** Each event is a line of JSON: to a pipe it is written at once, so a process that is killed has told all it knew. */
function scriptOf(prefix: string, { options = {}, jobs, workMs = 0, skewMs = 0 }: MemberTask): string {
  return `
    const RealDate = Date;
    globalThis.Date = class extends RealDate {
      constructor(...args) { super(...(args.length > 0 ? args : [Date.now()])); }
      static now() { return RealDate.now() + ${skewMs}; }
    };
    const say = (kind, event) => console.log(JSON.stringify({ kind, event }));
    const fred = new Bossman({ connection, prefix: '${prefix}', ...${JSON.stringify(options)} });
    for (const kind of ['start', 'finish', 'fail', 'skip', 'lost', 'plan']) fred.on(kind, (event) => say(kind, event));
    fred.on('error', ({ code, message }) => say('error', code + ': ' + message));
    const work = ({ signal }) => {
      signal.addEventListener('abort', () => say('aborted', signal.reason.code));
      return new Promise((resolve) => setTimeout(resolve, ${workMs}));
    };
    const jobs = Object.entries(${JSON.stringify(jobs)});
    Promise.all(jobs.map(([name, plan]) => fred.hire(name, { ...plan, work }))).then(() => say('hired'));
    // See caughtUp: what waits in a socket may lead to another command, hence twice.
    const catchUp = () => fred.hire('nobody demands this', { work }).then(() => new Promise(setImmediate));
    process.on('SIGUSR2', () => catchUp().then(catchUp).then(() => say('caught up')));
    process.once('SIGTERM', () => fred.quit());`;
}
