import { setTimeout as sleep } from 'node:timers/promises';
import type { JobInfo, RunRecord } from '../info';
import type { Inspector } from '../inspection/inspector';
import { Failure } from './failure';
import { outcomeColour, outcomeOf } from './jobs';
import { runnerName } from './names';
import { nearest } from './nearest';
import { complain } from './output';
import { jobOf, look, type Session } from './session';
import { quoted } from './text';
import { span } from './time';

/** ms between two checks for the demand's run. */
const POLL = 100;
/** ms between two checks of whether a run is still possible. */
const CHECK = 3000;

/**
 * Demands a run. Waiting means waiting for the run of this demand, identified by the demand's time.
 *
 * @param waitMs Infinity: without limit; null: do not wait
 * @returns 1 if the outcome of the awaited run is not `done`
 */
export async function demand(session: Session, name: string, waitMs: number | null): Promise<number> {
  const { inspector, output } = session;
  const { paint } = output;
  const seen = await look(inspector);
  const { hiredBy } = jobOf(seen.jobs, name);
  const demandedAt = await inspector.demand(name);
  if (waitMs === null) {
    output.say({ job: name, demandedAt, run: null }, () => {
      const isHired = hiredBy.length > 0 || seen.silence !== null;
      return [`demanded ${quoted(name)}${isHired ? '' : paint.yellow(nobodyYet(name, seen.jobs))}`];
    });
    return 0;
  }
  const run = await runOf(inspector, name, demandedAt, waitMs);
  output.say({ job: name, demandedAt, run }, () => {
    const where = runnerName(run, seen.instances);
    const outcome = outcomeColour(run, paint)(outcomeOf(run));
    return [`${quoted(name)} ran on ${where}, took ${span(run.durationMs)}: ${outcome}`];
  });
  return run.outcome === 'done' ? 0 : 1;
}

function nobodyYet(name: string, jobs: readonly JobInfo[]): string {
  const hired = jobs.filter(({ hiredBy }) => hiredBy.length > 0);
  const meant = nearest(
    name,
    hired.map((job) => job.name),
  );
  const hint = meant === null ? '' : ` (did you mean ${quoted(meant)}?)`;
  return `; no instance hires it now${hint}; the next one that does will run it`;
}

/** @throws Failure if no such run ends in time, or none is possible */
async function runOf(
  inspector: Inspector,
  name: string,
  demandedAt: number,
  waitMs: number,
): Promise<RunRecord> {
  const began = performance.now();
  let checkAt = began + CHECK;
  let missing = 0;
  let isWarned = false;
  for (;;) {
    const run = await inspector.runOf(name, demandedAt);
    if (run) return run;
    // A run ends and is recorded in one step. So if a demand neither waits nor runs, and has no record, its run has died. This
    // must be seen twice, because jobs are not read in one step.
    if (missing === 2) {
      throw new Failure(
        `the run of ${quoted(name)} ended without a record: the instance that ran it must have died`,
      );
    }
    const now = performance.now();
    if (now - began >= waitMs) {
      throw new Failure(`${quoted(name)} did not finish within ${span(waitMs)}; the demand is not withdrawn`);
    }
    if (now >= checkAt) {
      const job = await inspector.jobs().then((jobs) => jobs.find((one) => one.name === name));
      missing = isUnderWay(job) ? 0 : missing + 1;
      if (job && isStranded(job) && !isWarned) {
        isWarned = true;
        complain(
          `no instance hires ${quoted(name)} now; still waiting, as the next one that does will run it`,
        );
      }
      checkAt = performance.now() + CHECK;
    } else {
      await sleep(Math.min(POLL, waitMs - (now - began)));
    }
  }
}

function isUnderWay(job: JobInfo | undefined): boolean {
  return job !== undefined && (job.demandedSince !== null || job.running !== null);
}

/** The demand is waiting and no instance can take it: all have quit, perhaps after one took it without starting. */
function isStranded({ demandedSince, running, hiredBy, hirersKnown }: JobInfo): boolean {
  return demandedSince !== null && running === null && hirersKnown && hiredBy.length === 0;
}
