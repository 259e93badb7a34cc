import { holdersOf } from '../inspection/forgetting';
import { visible } from '../telling/visible';
import type { Action, ActionReply, JobSummary, PauseRequest } from './api';
import type { Viewer } from './gate';
import type { Live } from './live';
import { Refusal } from './refusal';
import type { Source } from './source';

const ACTIONS: readonly string[] = ['demand', 'pause', 'resume', 'fire', 'forget'] satisfies Action[];

export function isAction(word: string): word is Action {
  return ACTIONS.includes(word);
}

/** Carries out actions on jobs. */
export class Steering {
  constructor(
    private readonly source: Source,
    private readonly live: Live,
  ) {}

  /** @throws Refusal, or the error of Redis */
  async act(
    action: Action,
    name: string,
    given: Record<string, unknown>,
    viewer: Viewer,
  ): Promise<ActionReply> {
    const { job } = await this.live.withJob(name);
    if (!job) throw new Refusal(404, 'NOT_FOUND', `there is no job ${quoted(name)}`);
    const message = await this[action](job, given);
    this.source.steered({ job: name, action, who: viewer.who });
    const after = await this.live.afterwards();
    return {
      now: after.now,
      action,
      name,
      message,
      job: after.jobs.find((one) => one.name === name) ?? null,
    };
  }

  private async demand({ name, hiredBy, hirersKnown }: JobSummary): Promise<string> {
    await this.source.demand(name);
    const isHired = hiredBy.length > 0 || !hirersKnown;
    const nobody = isHired ? '' : '; no instance hires it now, so the next one that does will run it';
    return `demanded ${quoted(name)}${nobody}`;
  }

  private async pause({ name }: JobSummary, given: Record<string, unknown>): Promise<string> {
    const { until, note } = pauseIn(given);
    try {
      await this.source.pause(name, { ...(until !== null && { until }), ...(note !== null && { note }) });
    } catch (error) {
      if (error instanceof TypeError || error instanceof RangeError) {
        throw new Refusal(400, 'BAD_REQUEST', error.message);
      }
      throw error;
    }
    return `paused ${quoted(name)}; demands still run`;
  }

  private async resume({ name, paused }: JobSummary): Promise<string> {
    await this.source.resume(name);
    return paused ? `resumed ${quoted(name)}` : `${quoted(name)} was not paused`;
  }

  private async fire({ name, plan }: JobSummary): Promise<string> {
    if (plan === null) {
      throw new Refusal(409, 'NO_PLAN', `${quoted(name)} has no plan to fire: it only runs on demand`);
    }
    await this.source.fire(name);
    return `fired ${quoted(name)}: it only runs on demand, until an instance that hires it starts`;
  }

  /** Refused while any instance hires the job, because `forget` would make the instance that serves the page stop hiring it. */
  private async forget({ name }: JobSummary): Promise<string> {
    const { instances, silence } = await this.source.roll();
    const holders = holdersOf(name, instances);
    if (holders.length > 0) {
      const who = holders.map(({ host, pid }) => `${visible(host)}:${pid}`).join(', ');
      throw new Refusal(
        409,
        'FORGET',
        `${quoted(name)} is hired, or runs, in ${who}; it would come back at once`,
      );
    }
    if (silence !== null) {
      const message = `${quoted(name)} is not forgotten: an instance may hire it: ${visible(silence)}`;
      throw new Refusal(409, 'FORGET', message);
    }
    await this.source.forget(name);
    return `forgot ${quoted(name)}`;
  }
}

/** @throws Refusal */
function pauseIn({ until = null, note = null }: Record<string, unknown>): Required<PauseRequest> {
  if (until !== null && typeof until !== 'number' && typeof until !== 'string') {
    throw new Refusal(400, 'BAD_REQUEST', 'until: must be ms since the epoch, a duration, or null');
  }
  if (note !== null && typeof note !== 'string') {
    throw new Refusal(400, 'BAD_REQUEST', 'note: must be a string or null');
  }
  return { until, note };
}

function quoted(name: string): string {
  return `'${visible(name)}'`;
}
