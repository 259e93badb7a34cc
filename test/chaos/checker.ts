import type { History, Violation } from './history';
import { judgeCrowds } from './rules/crowds';
import { judgeDeaths } from './rules/deaths';
import { judgeDemands } from './rules/demands';
import { judgeFires } from './rules/fires';
import { judgeForgets } from './rules/forgets';
import { Judgement } from './rules/judgement';
import { judgeMembers } from './rules/members';
import { judgeOverlaps } from './rules/overlaps';
import { judgePauses } from './rules/pauses';
import { judgeRecords } from './rules/records';
import { judgeRecoveries } from './rules/recoveries';
import { judgeSlots } from './rules/slots';
import { Timeline } from './timeline';

export interface Verdict {
  /** Sorted by time. */
  violations: Violation[];
  /** How often something was accepted for a reason that its rule names. */
  excused: ReadonlyMap<string, number>;
}

/** Returns which guarantees a history breaks. Each rule is described above its function. */
export function check(history: History): Verdict {
  const timeline = new Timeline(history);
  const judgement = new Judgement();
  for (const rule of [
    judgeSlots,
    judgeDemands,
    judgeFires,
    judgePauses,
    judgeForgets,
    judgeCrowds,
    judgeOverlaps,
    judgeRecoveries,
    judgeDeaths,
    judgeRecords,
    judgeMembers,
  ])
    rule(timeline, judgement);
  judgement.violations.sort((a, b) => a.at - b.at);
  return { violations: judgement.violations, excused: judgement.excused };
}
