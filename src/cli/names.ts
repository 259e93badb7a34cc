import type { InstanceInfo, JobInfo, RunRecord } from '../info';
import { visible } from '../telling/visible';

/** `host:pid` of an instance; its id if it did not answer. */
export function instanceName(id: string, instances: readonly InstanceInfo[]): string {
  const found = instances.find((instance) => instance.id === id);
  return found ? `${visible(found.host)}:${found.pid}` : visible(id);
}

/** The message for an unknown list of instances. */
export function notKnown(silence: string): string {
  return `the instances are unknown: ${visible(silence)}`;
}

/** `host:pid` of the instance that runs or ran it, even if it has quit; its id if that is unknown. */
export function runnerName(
  { by, host, pid }: Pick<RunRecord, 'by' | 'host' | 'pid'>,
  instances: readonly InstanceInfo[],
): string {
  if (host === null || pid === null || instances.some(({ id }) => id === by))
    return instanceName(by, instances);
  return `${visible(host)}:${pid}`;
}

/** A job's plan in words, with its zone: `every 10 minutes`, `cron 0 9 * * 1-5 Europe/Helsinki`, `on demand`. */
export function planOf({ plan, words, tz }: JobInfo): string {
  if (plan === null) return 'on demand';
  if (words === null) return visible(plan);
  return visible(tz === null ? words : `${words} ${tz}`);
}
