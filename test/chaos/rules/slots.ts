import type { Bell } from '../../../src/hints/bell';
import { only } from '../history';
import type { MemberLife, Span, Timeline } from '../timeline';
import type { Judgement } from './judgement';
import { maybePaused } from './pauses';

type Claim = Extract<Bell, { kind: 'claim' }> & {
  /** When the observer heard it: by the same time, on a machine that stands still now and then, the claimer has its answer. */
  heardAt: number;
};

interface BegunSlot {
  member: string;
  recovered: boolean;
  at: number;
}

/** ms; a claimer that could talk to Redis for so long has had its answer. */
const HEARS_WITHIN = 20;
/** ms; a slot that is due while nothing is wrong is claimed within that. Machines that test are slow. */
const CLAIMED_WITHIN = 2000;

/**
 * Slots. The claims on the bell are the thread: each names its slot and the next one, and the observer misses none.
 *
 * - *doubled*: two runs of a slot began. Of a job hired with `recover` one of them may say that it is recovered. Save
 *   that Redis was emptied between the two, and nobody could have told it (see `Timeline.isForgotten`).
 * - *lost*: a slot of a claim (from its own to the next) that did not begin and that no skip covers; save that the
 *   job may have been paused then, the claimer went before it had been well for 1 s, Redis was emptied before it could hear the answer, or the job was fired
 *   before that. Likewise the
 *   slots between what one claim said was next and the one that is claimed next, unless a fire came between, or a claim
 *   that the observer did not hear either went down with Redis.
 * - *restarted*: the latter, where the next claim is of a plan with another stamp: it began anew, so what was due was
 *   put off; save that Redis was emptied between, and nobody who knew the plan before was able from then on until that
 *   claim.
 * - *drifted*: of two claims with one stamp the slots are no multiple of `every` apart.
 * - *late*: a slot was not claimed within 2 s although nothing excused the fleet (see `Timeline.isUndisturbed`).
 * - *stopped*: the same, and it was not claimed at all; for every job that is hired at the end.
 */
export function judgeSlots(timeline: Timeline, judgement: Judgement): void {
  for (const [job, { every, passing }] of Object.entries(timeline.jobs)) {
    if (every === null) continue;
    const slots = new SlotsOfJob(timeline, judgement, job, every);
    // With a job that is forgotten, its grid goes, and who claimed what.
    if (passing) slots.judgeRuns();
    else slots.judge();
  }
}

class SlotsOfJob {
  private readonly claims: Claim[];
  /** Slots that began, with who ran them. */
  private readonly began = new Map<number, BegunSlot[]>();
  private readonly skipped = new Set<number>();
  private readonly paused: Span[];

  constructor(
    private readonly timeline: Timeline,
    private readonly judgement: Judgement,
    private readonly job: string,
    private readonly every: number,
  ) {
    this.paused = maybePaused(timeline, job);
    this.claims = only(timeline.entries, 'bell').flatMap(({ at, bell }) =>
      bell.kind === 'claim' && bell.name === job ? [{ ...bell, heardAt: at }] : [],
    );
    for (const { at, member, slot, recovered, ...run } of only(timeline.entries, 'began')) {
      if (run.job !== job || slot === null) continue;
      this.began.set(slot, [...(this.began.get(slot) ?? []), { member, recovered, at }]);
    }
    for (const { event } of only(timeline.entries, 'skip')) {
      if (event.job === job)
        for (const slot of this.grid(event.slot, event.through + 1)) this.skipped.add(slot);
    }
  }

  judge(): void {
    this.judgeRuns();
    for (const claim of this.claims) this.judgeClaim(claim);
    this.judgeThread();
    this.judgeEnd();
  }

  judgeRuns(): void {
    for (const [slot, runs] of this.began) {
      this.judgeDoubled(
        slot,
        runs.filter(({ recovered }) => !recovered),
      );
      this.judgeDoubled(
        slot,
        runs.filter(({ recovered }) => recovered),
      );
    }
  }

  private judgeDoubled(slot: number, runs: BegunSlot[]): void {
    const [first, ...others] = runs;
    for (const again of others) {
      if (!first) return;
      // Once a claim is made, Redis may forget it before the run begins.
      const claimed = this.claims.find((claim) => claim.slot === slot);
      const from = Math.min(first.at, claimed?.at ?? first.at);
      if (this.timeline.isForgotten(this.job, { from, to: again.at })) {
        this.judgement.excuse('slots run again, as nobody was left to remember them');
      } else {
        const what = `slot ${slot} began in ${first.member} and again in ${again.member}`;
        this.judgement.object('doubled', this.job, again.at, what);
      }
    }
  }

  private judgeClaim(claim: Claim): void {
    for (const slot of this.grid(claim.slot, claim.next)) {
      if (this.isTold(slot)) continue;
      const claimer = this.timeline.byCaller(claim.caller);
      if (this.timeline.wentEarly(claimer, claim.at)) this.judgement.excuse('slots of a claimer that died');
      else if (claimer && this.unanswered(claimer, claim.heardAt))
        this.judgement.excuse('slots whose claim was not answered before Redis was emptied');
      else if (this.firedUnanswered(claim, claimer))
        this.judgement.excuse('slots fired before their claim was answered');
      else {
        const by = claimer?.name ?? claim.caller;
        this.judgement.object(
          'lost',
          this.job,
          claim.at,
          `slot ${slot}, claimed by ${by} (${claim.verdict}), neither ran nor was told of`,
        );
      }
    }
    const span = { from: claim.slot, to: claim.slot + CLAIMED_WITHIN };
    if (claim.at > span.to && this.timeline.isUndisturbed(this.job, span)) {
      this.judgement.object(
        'late',
        this.job,
        claim.at,
        `slot ${claim.slot} was claimed ${claim.at - claim.slot} ms late`,
      );
    }
  }

  private judgeThread(): void {
    let last: Claim | undefined;
    for (const claim of this.claims) {
      const before = last;
      last = claim;
      if (!before || this.firedBetween(before, claim)) continue;
      const untold = this.grid(before.next, claim.slot).filter((slot) => !this.isTold(slot));
      if (untold.length > 0) this.judgePassedOver(before, claim, untold);
      if (claim.stamp === before.stamp && (claim.slot - before.slot) % this.every !== 0) {
        this.judgement.object(
          'drifted',
          this.job,
          claim.at,
          `slot ${claim.slot} is not on the grid of ${before.slot}`,
        );
      }
      // Data that came back is older than what was claimed; the thread goes on from the later slot.
      if (claim.stamp === before.stamp && claim.next < before.next) last = before;
    }
  }

  private judgePassedOver(before: Claim, claim: Claim, untold: number[]): void {
    const what = `slot ${untold.join(', ')} was next, but ${claim.slot} was claimed`;
    if (this.claimedUnheard(before, claim))
      this.judgement.excuse('slots whose claim went down with Redis, and whose claimer never heard of it');
    else if (claim.stamp === before.stamp) this.judgement.object('lost', this.job, claim.at, what);
    else if (this.forgotten(before, claim)) this.judgement.excuse('plans that nobody was left to remember');
    else {
      const stamps = `of a plan with another stamp (${before.stamp}, then ${claim.stamp})`;
      this.judgement.object('restarted', this.job, claim.at, `${what}, ${stamps}`);
    }
  }

  private judgeEnd(): void {
    const { calls, endAt } = this.timeline;
    const own = calls.filter(({ job, from }) => job === this.job && from <= endAt);
    const fires = own.filter(({ verb }) => verb === 'fire');
    const hires = own.filter(({ verb, answer }) => verb === 'hire' && answer === 'resolved');
    const hiredAt = Math.max(...hires.map(({ from }) => from));
    // A fire at the same time as the last hire may have come after it.
    if (hires.length === 0 || fires.some(({ to }) => to >= hiredAt)) {
      this.judgement.excuse('jobs fired, or perhaps fired, at the end');
      return;
    }
    const last = this.claims.at(-1);
    const due = Math.max(last?.next ?? 0, hiredAt + (last && last.at > hiredAt ? 0 : this.every));
    const span = { from: due, to: due + CLAIMED_WITHIN };
    // A disturbance may hide the time at which it was due; at the latest it is due when all is calm.
    const calmSpan = { from: endAt - CLAIMED_WITHIN, to: endAt };
    for (const { from, to } of [span, calmSpan]) {
      if (to > endAt || from < due || !this.timeline.isUndisturbed(this.job, { from, to })) continue;
      this.judgement.object('stopped', this.job, to, `nobody claimed the slot ${due}, nor any after it`);
      return;
    }
  }

  private isTold(slot: number): boolean {
    if (this.began.has(slot) || this.skipped.has(slot)) return true;
    return this.paused.some(({ from, to }) => slot >= from && slot <= to);
  }

  private firedUnanswered({ at, heardAt }: Claim, claimer: MemberLife | undefined): boolean {
    const unheard = (from: number) =>
      from <= heardAt + HEARS_WITHIN ||
      (claimer && this.timeline.freeMs(claimer, { from: heardAt, to: from }) < HEARS_WITHIN);
    return this.timeline.calls.some(
      ({ verb, job, from, to }) => verb === 'fire' && job === this.job && to >= at && unheard(from),
    );
  }

  /** Redis was emptied before the claimer could hear the answer, so nobody knows any more whose the slot was. */
  private unanswered(claimer: MemberLife, from: number): boolean {
    return this.timeline.emptyings.some(
      ({ to }) => to >= from && this.timeline.freeMs(claimer, { from, to }) < HEARS_WITHIN,
    );
  }

  /**
   * The last claim before an outage may be in the data and on nobody's connection, the observer's included. Its claimer
   * asks again; unless it dies before, or the data does.
   */
  private claimedUnheard(before: Claim, claim: Claim): boolean {
    const { outages, members } = this.timeline;
    return outages.some(
      ({ from, to }) =>
        from <= claim.at &&
        to >= before.next &&
        [...members.values()].some(
          (member) =>
            member.leftAt > from && (this.timeline.wentEarly(member, from) || this.unanswered(member, from)),
        ),
    );
  }

  /** A fire came between, or back: Redis had forgotten it when it was emptied, so the plan from before it had gone on. */
  private firedBetween(before: Claim, claim: Claim): boolean {
    const fires = this.timeline.calls.filter(({ verb, job }) => verb === 'fire' && job === this.job);
    return fires.some(({ from, to }) => {
      if (to >= before.at) return from <= claim.at;
      const cameBack = before.stamp <= to && claim.stamp >= from;
      return (
        cameBack && this.timeline.emptyings.some((emptied) => emptied.to >= from && emptied.from <= before.at)
      );
    });
  }

  /** Redis was emptied between two claims, and who knew the plan was gone or stood still. */
  private forgotten(before: Claim, claim: Claim): boolean {
    return this.timeline.emptyings.some(
      ({ from, to }) =>
        from <= claim.at &&
        to >= before.at &&
        ![...this.timeline.members.values()].some((member) =>
          this.timeline.isAble(member, this.job, { from, to: claim.at }),
        ),
    );
  }

  private grid(from: number, end: number): number[] {
    const count = Math.max(0, Math.ceil((end - from) / this.every));
    return Array.from({ length: count }, (_, n) => from + n * this.every);
  }
}
