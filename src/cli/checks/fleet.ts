import type { InstanceInfo, JobInfo } from '../../info';
import { nameOfApplication } from '../../inspection/application';
import { hasNobody } from '../../inspection/attention';
import type { Inspector } from '../../inspection/inspector';
import type { Roll } from '../../inspection/roll-call';
import { visible } from '../../telling/visible';
import { instanceName } from '../names';
import { nearest } from '../nearest';
import { nothingHere } from '../nothing';
import { counted, quoted, several } from '../text';
import { type Finding, ok, unknown, warn } from './finding';

/** Compares all instances' answers to a roll call, and checks the jobs. */
export async function checkFleet(inspector: Inspector): Promise<Finding[]> {
  let roll: Roll;
  try {
    roll = await inspector.callRoll();
  } catch (refusal) {
    return [unknown('fleet', 'PUBLISH', refusal)];
  }
  const { instances, silence } = roll;
  if (silence !== null) {
    const meaning = 'there may be instances, but what they hire is unknown';
    return [warn('fleet', `cannot be checked: ${silence}`, meaning)];
  }
  const here = instances.length > 0;
  const findings = here ? checkInstances(instances) : [nobody('no job runs until an instance starts')];
  let jobs: JobInfo[];
  try {
    jobs = await inspector.jobs();
  } catch (refusal) {
    return [...findings, unknown('orphans', 'reading the jobs', refusal)];
  }
  if (!here && jobs.length === 0) return [nobody(await nothingHere(inspector))];
  // Without any instance, every plan is orphaned, which needs no line of its own.
  return [...findings, ...(here ? [checkOrphans(jobs)] : []), checkDemands(jobs), checkFailing(jobs)];
}

function nobody(advice: string): Finding {
  return warn('fleet', 'no instance answers', advice);
}

function checkInstances(instances: readonly InstanceInfo[]): Finding[] {
  return [
    ok('fleet', counted(instances.length, 'instance')),
    checkVersions(instances),
    checkPlans(instances),
    checkApplications(instances),
  ];
}

/** Whether all instances have the same version. */
export function checkVersions(instances: readonly InstanceInfo[]): Finding {
  const counts = new Map<string, number>();
  for (const { version } of instances) counts.set(version, (counts.get(version) ?? 0) + 1);
  const found = [...counts].map(([version, count]) => `${visible(version)} (${count})`).join(', ');
  return counts.size === 1
    ? ok('versions', found)
    : warn('versions', found, 'fine during a rollout; otherwise update the older ones');
}

/**
 * Whether all instances hire a job with the same plan: if not, two services share a prefix by mistake, or a rollout is in
 * progress.
 */
function checkPlans(instances: readonly InstanceInfo[]): Finding {
  const byJob = new Map<string, Map<string, string[]>>();
  for (const { id, jobs } of instances) {
    for (const { name, plan } of jobs) {
      if (plan === null) continue;
      const plans = byJob.get(name) ?? new Map<string, string[]>();
      byJob.set(name, plans.set(plan, [...(plans.get(plan) ?? []), instanceName(id, instances)]));
    }
  }
  const disputed = [...byJob].filter(([, plans]) => plans.size > 1);
  if (disputed.length === 0) return ok('plans', 'all instances hire each job with the same plan');
  const told = disputed.map(([name, plans]) => {
    const sides = [...plans].map(([plan, who]) => `${visible(plan)} (${who.join(', ')})`);
    return `${quoted(name)}: ${sides.join(' or ')}`;
  });
  return warn(
    'plans',
    several(told),
    'fine during a rollout; otherwise two services use the same name: give one of them a different prefix',
  );
}

/** Whether each job is hired by one application: if not, two services share a prefix, and each runs the other's jobs. */
export function checkApplications(instances: readonly InstanceInfo[]): Finding {
  const applications = new Set<string>();
  const byJob = new Map<string, Set<string>>();
  for (const { application, jobs } of instances) {
    if (application === null) continue;
    const name = nameOfApplication(application);
    applications.add(name);
    for (const job of jobs) byJob.set(job.name, (byJob.get(job.name) ?? new Set()).add(name));
  }
  const shared = [...byJob].filter(([, hirers]) => hirers.size > 1);
  if (shared.length === 0) {
    const names = [...applications].sort().map((name) => visible(name));
    return ok('applications', names.length === 0 ? 'no instance reports its application' : several(names));
  }
  return warn(
    'applications',
    several(
      shared.map(
        ([job, hirers]) => `${quoted(job)}: ${[...hirers].map((name) => visible(name)).join(' and ')}`,
      ),
    ),
    'any of them may run the job, each with its own work: give one service a different prefix',
  );
}

function checkOrphans(jobs: readonly JobInfo[]): Finding {
  const orphans = jobs.filter((job) => job.orphaned).map(({ name }) => quoted(name));
  if (orphans.length === 0) return ok('orphans', 'every plan is hired by an instance');
  return warn(
    'orphans',
    `no instance hires ${several(orphans)}`,
    'start a service that hires them, or use bossman forget',
  );
}

/** Whether the last run of each job succeeded. */
export function checkFailing(jobs: readonly JobInfo[]): Finding {
  const failing = jobs.filter(({ failuresInARow }) => failuresInARow > 0);
  if (failing.length === 0) return ok('runs', "no job's last run failed");
  const told = failing.map(({ name, failuresInARow: times, lastRun }) => {
    const how = lastRun?.outcome === 'died' ? 'died' : 'failed';
    return `${quoted(name)} ${how}${times > 1 ? ` (${times} runs in a row)` : ''}`;
  });
  return warn('runs', several(told), 'bossman history NAME --run 1 shows the last error');
}

/** Whether an instance hires the job of every waiting demand: if not, its name may be misspelt. */
export function checkDemands(jobs: readonly JobInfo[]): Finding {
  const hired = jobs.filter(({ hiredBy }) => hiredBy.length > 0).map(({ name }) => name);
  const waiting = jobs.filter(hasNobody).map(({ name }) => {
    const meant = nearest(name, hired);
    return quoted(name) + (meant === null ? '' : ` (did you mean ${quoted(meant)}?)`);
  });
  if (waiting.length === 0) return ok('demands', 'no demand waits for a job that no instance hires');
  return warn(
    'demands',
    `demanded, but no instance hires ${several(waiting)}`,
    'a demand waits until an instance hires its job; bossman forget withdraws it',
  );
}
