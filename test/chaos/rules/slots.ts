import type { Bell } from '../../../src/hints/bell';
import { only } from '../history';
import type { MemberLife, Timeline } from '../timeline';
import type { Judgement } from './judgement';
import { maybePaused } from './pauses';

type Claim = Extract<Bell, { kind: 'claim' }> & {
  /** When the observer received it. The claimer has its answer by then, too, even on a machine that stalls now and then. */
  heardAt: number;
};

interface BegunSlot {
  member: string;
  recovered: boolean;
  at: number;
}

/** ms; a claimer that could communicate with Redis for this long has received its answer. */
const HEARS_WITHIN = 20;
/** ms within which a slot is claimed if nothing is wrong. Long, because machines that run tests are slow. */
const CLAIMED_WITHIN = 2000;

/**
 * Slots. The claims on the bell form a chain: each names its slot and the next one, and the observer misses none.
 *
 * - *doubled*: two runs of a slot began, not counting one run with `recovered`. Accepted: Redis was emptied between the two,
 *   and no member could have restored the claim (see `Timeline.isForgotten`).
 * - *lost*: a slot that a claim covers (from its own slot up to the next one) neither began nor was reported by `skip`.
 *   Accepted: the job may have been paused then, the claimer left before it had run undisturbed for 1 s, or, before it could
 *   receive the answer, Redis was emptied or the job was fired. The same applies to the slots between the one that a claim
 *   named as next and the one that was claimed next. Accepted there: a fire came between, or Redis went down together with a
 *   claim that the observer did not receive either.
 * - *restarted*: slots were passed over between two claims as in *lost*, and the later claim belongs to a plan with another
 *   stamp: the plan started over, which delayed slots that were due. Accepted: Redis was emptied in between, and no member that
 *   knew the earlier plan was able from then until the later claim.
 * - *drifted*: the distance between the slots of two claims with the same stamp is not a multiple of `every`.
 * - *late*: a slot was not claimed within 2 s, although nothing excused the fleet (see `Timeline.isUndisturbed`).
 * - *stopped*: the next slot of a job that is hired at the end was never claimed, although nothing excused the fleet.
 */
export function judgeSlots(timeline: Timeline, judgement: Judgement): void {
  for (const [job, { every, passing }] of Object.entries(timeline.jobs)) {
    if (every === null) continue;
    const slots = new SlotsOfJob(timeline, judgement, job, every);
    // The grid and the claims of a job are deleted when it is forgotten.
    if (passing) slots.judgeRuns();
    else slots.judge();
  }
}

class SlotsOfJob {
  private readonly claims: Claim[];
  /** The runs of each slot that began. */
  private readonly began = new Map<number, BegunSlot[]>();
  private readonly skipped = new Set<number>();

  constructor(
    private readonly timeline: Timeline,
    private readonly judgement: Judgement,
    private readonly job: string,
    private readonly every: number,
  ) {
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
      // Redis may lose a claim before the run begins.
      const claimed = this.claims.find((claim) => claim.slot === slot);
      const from = Math.min(first.at, claimed?.at ?? first.at);
      if (this.timeline.isForgotten(this.job, { from, to: again.at })) {
        this.judgement.excuse('slots run again because no remaining member remembered them');
      } else {
        const what = `slot ${slot} began in ${first.member} and again in ${again.member}`;
        this.judgement.object('doubled', this.job, again.at, what);
      }
    }
  }

  private judgeClaim(claim: Claim): void {
    for (const slot of this.grid(claim.slot, claim.next)) {
      if (this.isTold(slot, claim.at)) continue;
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
          `slot ${slot}, claimed by ${by} (${claim.verdict}), neither ran nor was reported`,
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
      const untold = this.grid(before.next, claim.slot).filter((slot) => !this.isTold(slot, claim.at));
      if (untold.length > 0) this.judgePassedOver(before, claim, untold);
      if (claim.stamp === before.stamp && (claim.slot - before.slot) % this.every !== 0) {
        this.judgement.object(
          'drifted',
          this.job,
          claim.at,
          `slot ${claim.slot} is not on the grid of ${before.slot}`,
        );
      }
      // Redis restored data that is older than the last claim; the chain continues from the later slot.
      if (claim.stamp === before.stamp && claim.next < before.next) last = before;
    }
  }

  private judgePassedOver(before: Claim, claim: Claim, untold: number[]): void {
    const what = `slot ${untold.join(', ')} was next, but ${claim.slot} was claimed`;
    if (this.claimedUnheard(before, claim))
      this.judgement.excuse(
        'slots whose claim was lost in an outage, and whose claimer never received the answer',
      );
    else if (claim.stamp === before.stamp) this.judgement.object('lost', this.job, claim.at, what);
    else if (this.forgotten(before, claim))
      this.judgement.excuse('plans that no remaining member remembered');
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
    // A fire that overlaps the last hire may have been carried out after it.
    if (hires.length === 0 || fires.some(({ to }) => to >= hiredAt)) {
      this.judgement.excuse('jobs fired, or perhaps fired, at the end');
      return;
    }
    const last = this.claims.at(-1);
    const due = Math.max(last?.next ?? 0, hiredAt + (last && last.at > hiredAt ? 0 : this.every));
    const span = { from: due, to: due + CLAIMED_WITHIN };
    // A disturbance may excuse a claim at the time of that slot, but not at the end, when all is calm.
    const calmSpan = { from: endAt - CLAIMED_WITHIN, to: endAt };
    for (const { from, to } of [span, calmSpan]) {
      if (to > endAt || from < due || !this.timeline.isUndisturbed(this.job, { from, to })) continue;
      this.judgement.object('stopped', this.job, to, `nobody claimed the slot ${due}, nor any after it`);
      return;
    }
  }

  private isTold(slot: number, claimedAt: number): boolean {
    if (this.began.has(slot) || this.skipped.has(slot)) return true;
    return maybePaused(this.timeline, this.job, claimedAt).some(({ from, to }) => slot >= from && slot <= to);
  }

  private firedUnanswered({ at, heardAt }: Claim, claimer: MemberLife | undefined): boolean {
    const unheard = (from: number) =>
      from <= heardAt + HEARS_WITHIN ||
      (claimer && this.timeline.freeMs(claimer, { from: heardAt, to: from }) < HEARS_WITHIN);
    return this.timeline.calls.some(
      ({ verb, job, from, to }) => verb === 'fire' && job === this.job && to >= at && unheard(from),
    );
  }

  /** Whether Redis was emptied before the claimer could receive the answer, so that no member knows who won the slot. */
  private unanswered(claimer: MemberLife, from: number): boolean {
    return this.timeline.emptyings.some(
      ({ to }) => to >= from && this.timeline.freeMs(claimer, { from, to }) < HEARS_WITHIN,
    );
  }

  /**
   * Whether a claim may have been lost in an outage. Redis may have stored the last claim before the outage without delivering
   * its answer or its bell. Its claimer asks again, unless it ends, or the data is lost, before that.
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

  /**
   * Whether a fire came between the two claims. Or it came before both, was lost when Redis was emptied, so that the earlier
   * plan continued, and was then restored.
   */
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

  /** Whether Redis was emptied between the two claims, and all members that knew the plan had ended or stood still. */
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
