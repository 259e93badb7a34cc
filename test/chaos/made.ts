import type { RunRecord } from '../../src/info';
import type { Entry, History, Told, Verb } from './history';
import type { Jobs } from './jobs';

const JOBS: Jobs = {
  tick: { every: 1000, ttl: 400, workMs: [0, 0] },
  kept: { every: null, ttl: 400, keepAlive: true, workMs: [0, 0] },
  errand: { every: null, ttl: 400, workMs: [0, 0] },
};
const RECORD = {
  demandedAt: null,
  lateness: 0,
  durationMs: 0,
  error: null,
  details: null,
  host: 'host',
  pid: 1,
};
/** When all jobs were hired. */
const STAMP = 99_000;
export const END = 130_000;

/** A history made by hand: two members that hired all jobs at 99 000, and `tick`, whose first slot is 100 000. */
export class Made {
  private readonly entries: Entry[] = [];
  private calls = 100;
  private runs = 0;

  constructor(private readonly jobs: Jobs = JOBS) {
    this.join('a').join('b');
  }

  join(member: string, at = STAMP - 100, concurrency?: number): this {
    const limit = concurrency === undefined ? {} : { concurrency };
    this.tell(at, member, { kind: 'joined', caller: `${member}-caller`, ...limit });
    for (const job of Object.keys(this.jobs)) this.call('hire', job, member, at, STAMP);
    return this;
  }

  tell(at: number, member: string, told: Told): this {
    this.entries.push({ at, member, ...told });
    return this;
  }

  call(verb: Verb, job: string, member: string, at: number, answeredAt: number | null, ms?: number): this {
    this.calls += 1;
    const call = this.calls;
    this.tell(at, member, { kind: 'called', call, verb, job, ...(ms === undefined ? {} : { ms }) });
    return answeredAt === null ? this : this.tell(answeredAt, member, { kind: 'resolved', call });
  }

  /** A call whose promise rejects. */
  callInVain(verb: Verb, job: string, member: string, at: number, rejectedAt: number): this {
    this.call(verb, job, member, at, null);
    return this.tell(rejectedAt, member, { kind: 'rejected', call: this.calls, message: '' });
  }

  does(at: number, member: string, kind: 'frozen' | 'thawed' | 'killed' | 'leaving' | 'left'): this {
    this.entries.push({ at, member, kind });
    return this;
  }

  /** Quit gives up on the run of a slot of `tick`. */
  givesUp(at: number, member: string, slot: number): this {
    return this.tell(at, member, {
      kind: 'lost',
      event: { job: 'tick', slot, demandedAt: null, why: 'quit' },
    });
  }

  /** Reports that the run of a slot of `tick` died. */
  saysDied(at: number, member: string, slot: number): this {
    return this.tell(at, member, {
      kind: 'lost',
      event: { job: 'tick', slot, demandedAt: null, why: 'died' },
    });
  }

  /** A run of `tick` is in its history. */
  onRecord(
    at: number,
    member: string,
    slot: number,
    outcome: RunRecord['outcome'] = 'died',
    recovered = false,
  ): this {
    const record = { ...RECORD, slot, startedAt: slot, outcome, by: `${member}-caller`, recovered };
    this.entries.push({ at, kind: 'record', job: 'tick', record });
    return this;
  }

  /** All jobs were inspected at the end, and all records have been read. */
  inspected(): this {
    this.entries.push({ at: END, kind: 'inspected' });
    return this;
  }

  goes(at: number, member: string, how: string): this {
    this.entries.push({ at, member, kind: 'gone', how });
    return this;
  }

  dies(at: number, member: string): this {
    return this.does(at, member, 'killed').goes(at + 1, member, 'SIGKILL');
  }

  redis(at: number, state: 'down' | 'up' | 'emptied' | 'refilled' | 'cut'): this {
    this.entries.push({ at, kind: 'redis', state });
    return this;
  }

  claim(
    member: string,
    slot: number,
    { at = slot + 1, heardAfter = 0, next = slot + 1000, stamp = STAMP, verdict = 'run' } = {},
  ): this {
    const rest = { at, stamp, slot, next, verdict, open: false, listeners: 2, name: 'tick' };
    const bell = { kind: 'claim', caller: `${member}-caller`, ...rest } as const;
    this.entries.push({ at: at + heardAfter, kind: 'bell', bell });
    return this;
  }

  taken(member: string, at: number, job = 'errand'): this {
    const rest = { at, triggerDeleted: false, lockRest: 400, name: job };
    this.entries.push({ at, kind: 'bell', bell: { kind: 'taken', caller: `${member}-caller`, ...rest } });
    return this;
  }

  recovered(member: string, at: number): this {
    const bell = { kind: 'recovered', caller: `${member}-caller`, at, name: 'tick' } as const;
    this.entries.push({ at, kind: 'bell', bell });
    return this;
  }

  begun(member: string, at: number): this {
    const bell = { kind: 'begun', caller: `${member}-caller`, at, waiting: false, name: 'errand' } as const;
    this.entries.push({ at, kind: 'bell', bell });
    return this;
  }

  /** @param ended null: it never ends */
  run(
    member: string,
    slot: number,
    {
      at = slot + 2,
      ended = at + 10,
      recovered = false,
    }: { at?: number; ended?: number | null; recovered?: boolean } = {},
  ): this {
    return this.work(member, { job: 'tick', slot, demandedAt: null, recovered }, at, ended);
  }

  runDemand(
    member: string,
    demandedAt: number,
    {
      at = demandedAt + 5,
      ended = at + 10,
      job = 'errand',
    }: { at?: number; ended?: number; job?: string } = {},
  ): this {
    return this.work(member, { job, slot: null, demandedAt, recovered: false }, at, ended);
  }

  skip(member: string, slot: number, through = slot, why: 'missed' | 'expired' = 'missed'): this {
    return this.tell(slot + 2, member, { kind: 'skip', event: { job: 'tick', slot, through, why } });
  }

  /** Claims and runs the slots from `from` to `to`, one after the other. */
  ticks(member: string, from: number, to: number): this {
    for (let slot = from; slot <= to; slot += 1000) this.claim(member, slot).run(member, slot);
    return this;
  }

  get history(): History {
    const end: Entry = { at: END, kind: 'end' };
    return { jobs: this.jobs, entries: [...this.entries, end].sort((a, b) => a.at - b.at) };
  }

  private work(
    member: string,
    of: { job: string; slot: number | null; demandedAt: number | null; recovered: boolean },
    at: number,
    ended: number | null,
  ): this {
    this.runs += 1;
    this.tell(at, member, { kind: 'began', ...of, run: this.runs });
    return ended === null ? this : this.tell(ended, member, { kind: 'ended', ...of, run: this.runs });
  }
}
