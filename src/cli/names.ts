import type { InstanceInfo, JobInfo, RunRecord } from '../info';
import { visible } from '../telling/visible';

/** `host:pid` of an instance; its id where it did not answer. */
export function instanceName(id: string, instances: readonly InstanceInfo[]): string {
  const found = instances.find((instance) => instance.id === id);
  return found ? `${visible(found.host)}:${found.pid}` : visible(id);
}

/** Says why it is not known which instances there are. */
export function notKnown(silence: string): string {
  return `the instances are unknown: ${visible(silence)}`;
}

/** `host:pid` of the instance that a run is or was of, also when it has gone; its id where that is not known. */
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
