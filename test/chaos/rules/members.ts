import { only } from '../history';
import type { Timeline } from '../timeline';
import type { Judgement } from './judgement';

/** *died*: a member ended by itself, or its exit code was not 0 after it was asked to quit. */
export function judgeMembers(timeline: Timeline, judgement: Judgement): void {
  for (const { at, member, how } of only(timeline.entries, 'gone')) {
    const did = (kind: 'killed' | 'leaving') =>
      only(timeline.entries, kind).some((entry) => entry.member === member);
    if (did('leaving') ? how === 'exit code 0' : did('killed')) continue;
    judgement.object(
      'died',
      '',
      at,
      `${member} ended with ${how}${did('leaving') ? ' when it was asked to quit' : ''}`,
    );
  }
}
