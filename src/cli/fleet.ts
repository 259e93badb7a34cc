import type { InstanceInfo } from '../info';
import { visible } from '../telling/visible';
import { notKnown } from './names';
import { nothingHere } from './nothing';
import { nowAt, type Session } from './session';
import { type Column, table } from './table';
import { counted } from './text';
import { localTime, span } from './time';

const COLUMNS: Column[] = [
  { title: 'INSTANCE', shrinksTo: 12 },
  { title: 'APPLICATION', shrinksTo: 12 },
  { title: 'VERSION' },
  { title: 'UP' },
  { title: 'SINCE' },
  { title: 'JOBS', right: true },
  { title: 'RUNNING NOW', shrinksTo: 11 },
];

/** The instances that answer the roll call. */
export async function fleet({ inspector, output }: Session): Promise<number> {
  const [{ instances, silence }, at] = await Promise.all([inspector.callRoll(), nowAt(inspector)]);
  const advice =
    instances.length === 0 && silence === null && (await inspector.jobs()).length === 0
      ? ['', await nothingHere(inspector)]
      : [];
  output.say({ at, instances, silence }, () => {
    const { paint } = output;
    if (silence !== null) return [paint.red(notKnown(silence))];
    if (instances.length === 0) return [paint.red('no instance answers'), ...advice];
    const rows = [...instances]
      .sort(byPlace)
      .map((instance) => [
        `${visible(instance.host)}:${instance.pid}`,
        instance.application === null ? '' : visible(instance.application),
        visible(instance.version),
        span(Math.max(0, at - instance.since)),
        localTime(instance.since),
        instance.jobs.length.toLocaleString('en'),
        runningIn(instance, at),
      ]);
    return [
      paint.bold(counted(instances.length, 'instance')),
      '',
      ...table(COLUMNS, rows, output.width, paint.dim),
    ];
  });
  return 0;
}

function byPlace(a: InstanceInfo, b: InstanceInfo): number {
  if (a.host !== b.host) return a.host < b.host ? -1 : 1;
  return a.pid - b.pid || a.since - b.since;
}

function runningIn({ running }: InstanceInfo, at: number): string {
  return running.map(({ job, since }) => `${visible(job)} ${span(Math.max(0, at - since))}`).join(', ');
}
