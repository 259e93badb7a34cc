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
  /** How long a job is paused; absent if it is paused until it is resumed. */
  ms?: number;
  /** `to` is when it was answered; without an answer, the latest time at which Redis may have carried it out. */
  answer: 'resolved' | 'rejected' | 'none';
}

export interface MemberLife {
  name: string;
  caller: string;
  /** From here on, nothing is expected of it: it was killed, was asked to quit, or has ended. */
  leftAt: number;
  /** When it was killed, or ended. */
  killedAt: number;
  /** When its process had ended. */
  goneAt: number;
  /** When its connections were closed: its quit had settled, or it had ended. */
  closedAt: number;
  /** When it stood still: it was frozen, or its event loop was blocked, or the machine gave it no CPU time. */
  still: Span[];
  /** How many runs it may have at a time; Infinity: any number. */
  concurrency: number;
  /** When it had that many. */
  full: Span[];
}

/** ms after an outage within which every member has reconnected: ioredis waits longer after each failed attempt. */
const RECONNECTS = 2500;
/** ms after a cut within which every member has reconnected: the first attempt comes 50 to 250 ms after it. */
const RECONNECTS_AFTER_CUT = 1000;
/**
 * ms after a cut within which a member with newer data has restored it; the same as `RECONNECTS_AFTER_CUT`, but without a
 * margin.
 */
const OBJECTS_AFTER_CUT = 400;
/** ms before a cut during which answers may have been swallowed. */
const SWALLOWED = 400;
/** ms after an outage, or the end of a connection, within which Redis has read what waited in its sockets. */
const READS_WITHIN = 100;
/** ms; a member that ran undisturbed for this long has begun what it was given, or reported why not. */
const BEGINS_WITHIN = 1000;
/** ms for which a claim or a take occupies a place. */
const CLAIMS_WITHIN = 50;
/** The end of a span that has not ended. */
const EVER = Number.POSITIVE_INFINITY;

/**
 * Which member could do what at which time: the history, read once for all rules. Times of two processes agree to within
 * `CLOCKS` ms.
 */
export class Timeline {
  readonly jobs: Jobs;
  readonly entries: Entry[];
  readonly members = new Map<string, MemberLife>();
  readonly calls: Call[] = [];
  /** Redis does not answer. */
  readonly outages: Span[];
  /** Redis lost its data at some time in each span. */
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

  /** The member hired the job before the span, and runs throughout it. */
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
   * Whether nothing excuses the fleet in this span: Redis answers, all members have had time to connect, and at least one able
   * member always has room for another run.
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
   * Whether Redis was emptied in the span and no member could have restored what it knew: none was able throughout the span, or
   * the members may still have been reconnecting at its end.
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

  /** Whether the member ended before it had run long enough to begin what it was given, or to report why not. */
  wentEarly(member: MemberLife | undefined, givenAt: number): boolean {
    if (!member || member.goneAt === EVER) return false;
    return this.freeMs(member, { from: givenAt, to: member.leftAt }) < BEGINS_WITHIN;
  }

  /**
   * How many ms of the span the member was running and could receive answers. At the start of the span, Redis received its
   * command.
   */
  freeMs(member: MemberLife, { from, to }: Span): number {
    // A disturbance that ended before then does not matter, except that answers may be swallowed for a while before a cut.
    const sinceThen = ({ to: over }: Span) => over >= from - SWALLOWED;
    const outages = this.outages.filter(sinceThen);
    const cuts = this.cuts.map((cut) => ({ from: cut, to: cut })).filter(sinceThen);
    // A member that stands still notices only afterwards that it has to reconnect.
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
        closedAt: own.find(({ kind }) => kind === 'left' || kind === 'gone')?.at ?? EVER,
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
    for (const call of this.calls) {
      if (call.answer === 'resolved') continue;
      const member = this.members.get(call.member);
      // A call that quit gave up on may be sent as long as the connection is open.
      if (member && member.leftAt <= call.to) call.to = Math.max(call.to, member.closedAt) + READS_WITHIN;
      // What was sent may still wait in the socket of a Redis that is frozen.
      for (const { from, to } of this.outages)
        if (from <= call.to && call.to <= to) call.to = to + READS_WITHIN;
    }
  }
}

/** ms by which the times of two processes, and of Redis, may differ. */
export const CLOCKS = 3;

/** When that many runs were in progress. A claim or a take occupies a place as well, so each span is extended by a few ms. */
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
