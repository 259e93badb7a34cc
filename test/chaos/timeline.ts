import { type Entry, type History, only, type Verb } from './history';
import type { Jobs } from './jobs';

/** From `from` to `to`, in ms on Redis' clock. */
export interface Span {
  from: number;
  to: number;
}

/** A call of the API by a member. */
export interface Call extends Span {
  member: string;
  verb: Verb;
  job: string;
  /** For how long a job is paused; not there: until it is resumed. */
  ms?: number;
  /** `to` is when it was answered, or when the member was gone without an answer. */
  answer: 'resolved' | 'rejected' | 'none';
}

export interface MemberLife {
  name: string;
  caller: string;
  /** From here on it can be expected to do nothing: it was killed, or asked to quit, or is gone. */
  leftAt: number;
  /** When it was killed, or was gone. */
  killedAt: number;
  /** When its process was gone. */
  goneAt: number;
  /** When it stood still: frozen, or its event loop stalled, be it that the machine had no time for it. */
  still: Span[];
  /** How many runs it may have at a time; Infinity: any number. */
  concurrency: number;
  /** The time at which it had this many. */
  full: Span[];
}

/** ms after an outage by which everybody has connected again: ioredis waits longer after each attempt that fails. */
const RECONNECTS = 2500;
/** ms after a cut by which everybody has: the first attempt comes 50 to 250 ms after it. */
const RECONNECTS_AFTER_CUT = 1000;
/** ms after a cut by which somebody who knew better has objected to what was brought back; the same without the grace. */
const OBJECTS_AFTER_CUT = 400;
/** ms before a cut in which answers may have been swallowed. */
const SWALLOWED = 400;
/** ms after an outage by which Redis has read what waited in its sockets. */
const READS_WITHIN = 100;
/** ms; a member that was well for this long has begun what it was given, or reported why not. */
const BEGINS_WITHIN = 1000;
/** ms that a claim, or a take, keeps its place. */
const CLAIMS_WITHIN = 50;
/** The rest of what is not over. */
const EVER = Number.POSITIVE_INFINITY;

/** Who could do what when: the history, read once, for all rules. Times of two processes agree to `CLOCKS` ms. */
export class Timeline {
  readonly jobs: Jobs;
  readonly entries: Entry[];
  readonly members = new Map<string, MemberLife>();
  readonly calls: Call[] = [];
  /** Redis answers nobody. */
  readonly outages: Span[];
  /** Redis' data went at some time in the span. */
  readonly emptyings: Span[];
  readonly cuts: number[];
  readonly endAt: number;

  constructor({ jobs, entries }: History) {
    this.jobs = jobs;
    this.entries = entries;
    const redis = only(entries, 'redis');
    this.outages = spans(redis, ({ state }) => (state === 'down' ? 'from' : state === 'up' ? 'to' : null));
    this.emptyings = spans(redis, ({ state }) =>
      state === 'emptied' ? 'from' : state === 'refilled' ? 'to' : null,
    );
    this.cuts = redis.filter(({ state }) => state === 'cut').map(({ at }) => at);
    this.endAt = only(entries, 'end')[0]?.at ?? entries.at(-1)?.at ?? 0;
    this.readMembers();
    this.readCalls();
  }

  byCaller(caller: string): MemberLife | undefined {
    return [...this.members.values()].find((member) => member.caller === caller);
  }

  /** Has hired the job before the span, and runs throughout. */
  isAble(member: MemberLife, job: string, { from, to }: Span): boolean {
    if (member.leftAt <= to || member.still.some((still) => still.from < to && still.to > from)) return false;
    return this.calls.some(
      (call) =>
        call.verb === 'hire' &&
        call.job === job &&
        call.member === member.name &&
        call.answer === 'resolved' &&
        call.to <= from,
    );
  }

  /**
   * In this span nothing excuses the fleet: Redis answers, everybody has had the time to connect, and one member is able, and
   * has room all the time.
   */
  isUndisturbed(job: string, span: Span): boolean {
    return (
      this.isConnected(span) &&
      [...this.members.values()].some(
        (member) => this.isAble(member, job, span) && !member.full.some((full) => touch(full, span)),
      )
    );
  }

  /**
   * Redis was emptied in the span, and nobody is left who could have told it what it knew: no member was able throughout
   * the span, or they may still have been about to connect when it ended.
   */
  isForgotten(job: string, span: Span): boolean {
    const emptied = this.emptyings.filter((emptying) => touch(emptying, span));
    if (emptied.length === 0) return false;
    const isCutOff = this.cuts.some((cut) => cut < span.to && cut + OBJECTS_AFTER_CUT > span.to);
    const isDown = this.outages.some(({ from, to }) => from < span.to && to + RECONNECTS > span.to);
    if (isCutOff || isDown) return true;
    return ![...this.members.values()].some((member) => this.isAble(member, job, span));
  }

  isConnected({ from, to }: Span): boolean {
    return (
      !this.outages.some((outage) => outage.from < to && outage.to + RECONNECTS > from) &&
      !this.cuts.some((cut) => cut < to && cut + RECONNECTS_AFTER_CUT > from)
    );
  }

  /** It is gone, and was not well for as long as it takes to begin what it was given, or to say why not. */
  wentEarly(member: MemberLife | undefined, givenAt: number): boolean {
    if (!member || member.goneAt === EVER) return false;
    return this.freeMs(member, { from: givenAt, to: member.leftAt }) < BEGINS_WITHIN;
  }

  /** ms of the span, which began with Redis hearing the member, in which it ran and could hear Redis. */
  freeMs(member: MemberLife, { from, to }: Span): number {
    // What was over before it was heard holds up nobody; only answers are swallowed for a while before a cut.
    const sinceThen = ({ to: over }: Span) => over >= from - SWALLOWED;
    const outages = this.outages.filter(sinceThen);
    const cuts = this.cuts.map((cut) => ({ from: cut, to: cut })).filter(sinceThen);
    // A member that stands still notices only afterwards that it has to connect again.
    const noticed = ({ from: frozen, to: thawed }: Span) =>
      [...outages, ...cuts].some((broken) => broken.from < thawed)
        ? { from: frozen, to: thawed + RECONNECTS_AFTER_CUT }
        : { from: frozen, to: thawed };
    const held = [
      ...member.still.map(noticed),
      ...outages.map((outage) => ({ from: outage.from, to: outage.to + RECONNECTS })),
      ...cuts.map((cut) => ({ from: cut.from, to: cut.to + RECONNECTS_AFTER_CUT })),
    ].sort((a, b) => a.from - b.from);
    let free = 0;
    let at = from;
    for (const span of held) {
      if (span.from >= to) break;
      free += Math.max(0, span.from - at);
      at = Math.max(at, span.to);
    }
    return free + Math.max(0, to - at);
  }

  private readMembers(): void {
    for (const { member: name, caller, concurrency = EVER } of only(this.entries, 'joined')) {
      const own = this.entries.filter((entry) => 'member' in entry && entry.member === name);
      const left = own.find(({ kind }) => kind === 'killed' || kind === 'leaving' || kind === 'gone');
      const gone = own.find(({ kind }) => kind === 'gone');
      const frozen = spans(own, ({ kind }) => (kind === 'frozen' ? 'from' : kind === 'thawed' ? 'to' : null));
      const stalled = spans(own, ({ kind }) =>
        kind === 'stalled' ? 'from' : kind === 'moves' ? 'to' : null,
      );
      this.members.set(name, {
        name,
        caller,
        leftAt: left?.at ?? EVER,
        killedAt: own.find(({ kind }) => kind === 'killed' || kind === 'gone')?.at ?? EVER,
        goneAt: gone?.at ?? EVER,
        still: [...frozen, ...stalled],
        concurrency,
        full: fullSpans(own, concurrency),
      });
    }
  }

  private readCalls(): void {
    const open = new Map<string, Call>();
    for (const entry of this.entries) {
      if (entry.kind === 'called') {
        const { member, verb, job, at, ms } = entry;
        const to = this.members.get(member)?.goneAt ?? EVER;
        const until = ms === undefined ? {} : { ms };
        const call: Call = { member, verb, job, ...until, from: at, to, answer: 'none' };
        open.set(`${member} ${entry.call}`, call);
        this.calls.push(call);
      } else if (entry.kind === 'resolved' || entry.kind === 'rejected') {
        const call = open.get(`${entry.member} ${entry.call}`);
        if (call) Object.assign(call, { to: entry.at, answer: entry.kind });
      }
    }
    // What a member sent that is no more, or gave up on when it quit, may still wait in the socket of a Redis that is frozen.
    for (const call of this.calls) {
      if (call.answer === 'resolved') continue;
      for (const { from, to } of this.outages)
        if (from <= call.to && call.to <= to) call.to = to + READS_WITHIN;
    }
  }
}

/** ms by which the stamps of two processes, and Redis' clock, may differ. */
export const CLOCKS = 3;

/** When so many runs went on. What claims a run, or asks for one, takes the place of it for some ms more. */
function fullSpans(own: Entry[], concurrency: number): Span[] {
  const runs = own.filter(({ kind }) => kind === 'began' || kind === 'ended').sort((a, b) => a.at - b.at);
  let going = 0;
  const counted = runs.map(({ kind, at }) => {
    going += kind === 'began' ? 1 : -1;
    return { at, going };
  });
  return spans(counted, (one) => (one.going >= concurrency ? 'from' : 'to')).map(({ from, to }) => ({
    from: from - CLAIMS_WITHIN,
    to: to + CLAIMS_WITHIN,
  }));
}

function touch(a: Span, b: Span): boolean {
  return a.from <= b.to && b.from <= a.to;
}

function spans<E extends { at: number }>(entries: E[], edgeOf: (entry: E) => 'from' | 'to' | null): Span[] {
  const found: Span[] = [];
  let open: Span | null = null;
  for (const entry of entries) {
    const edge = edgeOf(entry);
    if (edge === 'from' && !open) {
      open = { from: entry.at, to: EVER };
      found.push(open);
    } else if (edge === 'to' && open) {
      open.to = entry.at;
      open = null;
    }
  }
  return found;
}
