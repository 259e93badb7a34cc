import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { openInspector } from '../../src/inspection/inspector';
import { parseRecord } from '../../src/redis/records';
import { type RedisServer, startServer } from '../support/redis';
import { delay, PATIENCE, waitFor } from '../support/wait';
import { Gate } from './gate';
import type { History } from './history';
import { JOBS } from './jobs';
import { type Fault, type FaultKind, planStorm } from './plan';
import { Recorder } from './recorder';
import { Member } from './seat';

const PREFIX = 'chaos';
/** ms; long enough for two slots of every job, and for the longest wait before a reconnect. */
const CALM = 5000;
/** The longest timeout of a quit in a hurry, in ms: many runs take longer, so quit gives up on them. */
const LONGEST_HURRY = 60;
/** The option of every second member: fewer runs than there are jobs. */
const CONCURRENCY = 3;
/** Errors of the members' wall clocks, in ms: none, an hour ahead, an hour behind. */
const SKEWS = [0, 3_600_000, -3_600_000];

export interface StormOptions {
  seed: number;
  seconds: number;
  members: number;
}

/** Raises a storm, waits until it is calm, and returns what happened. */
export async function raiseStorm({ seed, seconds, members }: StormOptions): Promise<History> {
  // Redis saves its data at a shutdown, and at no other time.
  const server = await startServer({ args: ['--save', '86400', '1000000000'] });
  const gate = await Gate.to(server.port);
  const recorder = new Recorder(server.port, `${PREFIX}:bell:0`, JOBS);
  const storm = new Storm(server, gate, recorder, members);
  try {
    await recorder.listen();
    await storm.gather();
    await storm.rage(planStorm(seed, seconds, members));
    await storm.calm();
    await storm.inspect();
    await storm.end();
    return recorder.history;
  } finally {
    await storm.abandon();
    recorder.close();
    await gate.close();
    await server.stop();
  }
}

class Storm {
  private readonly seats: Member[] = [];
  private readonly everybody: Member[] = [];
  private readonly redis: Redis;
  /** The faults in progress, which wait for a thaw, a restart or a replacement. */
  private readonly underWay: Promise<void>[] = [];
  /** The job that is fired and hired again; a member that starts while it is fired does not hire it. */
  private firedNow = false;

  constructor(
    private readonly server: RedisServer,
    private readonly gate: Gate,
    private readonly recorder: Recorder,
    private readonly size: number,
  ) {
    this.redis = new Redis(server.port, '127.0.0.1', {
      connectionName: 'recorder',
      maxRetriesPerRequest: null,
      retryStrategy: () => 5,
    });
    this.redis.on('error', () => {});
  }

  async gather(): Promise<void> {
    for (let seat = 0; seat < this.size; seat += 1) this.seat(seat);
    await Promise.all(this.seats.map(({ joined }) => joined));
  }

  async rage(faults: Fault[]): Promise<void> {
    const began = performance.now();
    for (const fault of faults) {
      await delay(Math.max(0, began + fault.at - performance.now()));
      const inflicted = this.inflict(fault);
      this.underWay.push(inflicted);
      // `calm` awaits it; until then, a rejection must not count as unhandled.
      inflicted.catch(() => {});
    }
  }

  async calm(): Promise<void> {
    await Promise.all(this.underWay);
    await Promise.all(this.seats.map(({ joined }) => joined));
    this.recorder.mark('calm');
    await delay(CALM);
    this.recorder.mark('end');
  }

  /**
   * Reads the histories of all jobs. The inspection before that records the runs that died and that no instance has noticed.
   */
  async inspect(): Promise<void> {
    const inspector = await openInspector({ connection: this.server.url, prefix: PREFIX });
    try {
      await inspector.jobs();
    } finally {
      await inspector.close();
    }
    for (const job of Object.keys(JOBS)) {
      for (const [id, fields] of await this.redis.xrange(`${PREFIX}:history:${job}`, '-', '+')) {
        const record = parseRecord(fields[fields.indexOf('run') + 1] ?? '');
        if (!record) throw new Error(`${id} of ${job} is no record: ${fields}`);
        this.recorder.onRecord(job, record, Number.parseInt(id, 10));
      }
    }
    this.recorder.mark('inspected');
  }

  async end(): Promise<void> {
    for (const member of this.seats) member.quit();
    await waitFor(
      'all members to leave',
      () => Promise.all(this.everybody.map(({ gone }) => gone)).then(() => true),
      { timeoutMs: PATIENCE },
    ).catch(() => {});
  }

  /** Leaves no process behind, however the storm ended. */
  async abandon(): Promise<void> {
    this.redis.disconnect();
    for (const member of this.everybody) {
      const there = await Promise.race([member.gone.then(() => false), delay(0).then(() => true)]);
      if (there) member.kill();
      await member.gone;
    }
  }

  private seat(seat: number): void {
    const hires = Object.keys(JOBS).filter(
      (job) => !(this.firedNow && JOBS[job]?.fired) && !JOBS[job]?.passing,
    );
    const number = this.everybody.length + 1;
    const skew = SKEWS[number % SKEWS.length] ?? 0;
    // A member without a limit takes what a full one leaves, so `concurrency` is no excuse for the fleet.
    const concurrency = number % 2 === 0 ? CONCURRENCY : null;
    const member = new Member(
      `m${number}`,
      { port: this.gate.port, prefix: PREFIX, concurrency, hires },
      skew,
      this.recorder,
    );
    this.seats[seat] = member;
    this.everybody.push(member);
  }

  private async inflict(fault: Fault): Promise<void> {
    const member = this.seats[fault.seat];
    if (!member) return;
    const { kind, ms, dice } = fault;
    const needsOne = HITS_ONE.has(kind);
    if (needsOne && !member.well) return;
    this.recorder.fault(needsOne ? `${kind}: ${member.name}` : kind);
    switch (kind) {
      case 'kill a member':
        member.kill();
        return this.replace(fault);
      case 'have a member quit':
        member.quit();
        return this.replace(fault);
      case 'have a member quit in a hurry':
        member.quit(Math.round(dice * LONGEST_HURRY));
        return this.replace(fault);
      case 'freeze a member':
        member.freeze();
        await delay(ms);
        return member.thaw();
      case 'freeze a member, then kill it':
        member.freeze();
        await delay(ms);
        member.kill();
        return this.replace({ ...fault, ms: 0 });
      case 'stall a member':
        return member.order({ order: 'stall', ms });
      case 'cut all connections':
        this.recorder.redisIs('cut');
        return this.gate.cut();
      case 'cut all subscribers':
        this.recorder.redisIs('cut');
        await this.cutSubscribers();
        return this.recorder.redisIs('cut');
      case 'swallow answers, then cut':
        this.recorder.redisIs('cut');
        await this.gate.swallow(ms);
        return this.recorder.redisIs('cut');
      case 'delete triggers':
        await this.redis.del(...Object.keys(JOBS).map((job) => `${PREFIX}:work:${job}`));
        return;
      case 'SCRIPT FLUSH':
        await this.redis.script('FLUSH');
        return;
      case 'FLUSHALL':
        this.recorder.redisIs('emptied');
        await this.redis.flushall();
        return this.recorder.redisIs('refilled');
      case 'freeze Redis':
        this.recorder.redisIs('down');
        this.server.freeze();
        await delay(ms);
        this.server.thaw();
        return this.recorder.redisIs('up');
      case 'restart Redis':
      case 'restart Redis empty':
        return this.restart(ms, kind === 'restart Redis empty');
      case 'fire':
      case 'hire':
        this.firedNow = kind === 'fire';
        return member.order({ order: kind, job: jobThat('fired', dice) });
      case 'pause':
        return member.order({ order: kind, job: jobThat('paused', dice), ms: dice < 0.5 ? ms : null });
      case 'resume':
        return member.order({ order: kind, job: jobThat('paused', dice) });
      case 'hire for a while':
        return member.order({ order: 'hire', job: jobThat('passing', dice) });
      case 'forget':
        return member.order({ order: 'forget', job: jobThat('passing', dice) });
      case 'forget, all of them':
        for (const one of this.seats) one.order({ order: 'forget', job: jobThat('passing', dice) });
        return;
      case 'demand':
        return member.order({ order: 'demand', job: jobThat('demanded', dice) });
    }
  }

  private async replace({ seat, ms }: Fault): Promise<void> {
    const left = this.seats[seat];
    await left?.gone;
    await delay(ms);
    this.seat(seat);
  }

  private async cutSubscribers(): Promise<void> {
    const clients = String(await this.redis.call('CLIENT', 'LIST', 'TYPE', 'pubsub'));
    for (const line of clients.split('\n')) {
      const id = /\bid=(\d+)/.exec(line)?.[1];
      if (id && !line.includes('name=recorder')) await this.redis.client('KILL', 'ID', id);
    }
  }

  private async restart(ms: number, empty: boolean): Promise<void> {
    const forgotten = this.recorder.forget();
    this.recorder.redisIs('down');
    if (empty) {
      this.recorder.redisIs('emptied');
      await this.server.kill();
      rmSync(join(this.server.dir, 'dump.rdb'), { force: true });
      this.recorder.redisIs('refilled');
    } else {
      await this.server.shutdown();
    }
    this.gate.shut();
    await forgotten;
    await delay(ms);
    await this.server.start();
    await this.recorder.listen();
    this.gate.open();
    this.recorder.redisIs('up');
  }
}

const HITS_ONE: ReadonlySet<FaultKind> = new Set([
  'kill a member',
  'have a member quit',
  'have a member quit in a hurry',
  'freeze a member',
  'freeze a member, then kill it',
  'stall a member',
  'fire',
  'hire',
  'pause',
  'resume',
  'hire for a while',
  'forget',
  'demand',
]);

function jobThat(is: 'fired' | 'paused' | 'passing' | 'demanded', dice: number): string {
  const jobs = Object.keys(JOBS).filter((job) => JOBS[job]?.[is]);
  return jobs[Math.floor(dice * jobs.length)] ?? '';
}
