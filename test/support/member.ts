import Bossman from '../../src';

/** The orders for a member process, as JSON in its first argument. */
export interface MemberTask {
  url: string;
  prefix: string;
  instances: number;
  jobs: Record<string, Omit<Bossman.JobDefinition, 'work'>>;
  /** How long `work` takes, in ms. */
  workMs: number;
  /** Sometimes the event loop is blocked, for at most this many ms. */
  stallMs: number;
}

/** What it says: that all is hired, an event of one of its instances, or the failure of one. */
export type MemberMessage =
  | { kind: 'ready' }
  | { kind: 'start'; event: Bossman.RunEvent }
  | { kind: 'skip'; event: Bossman.SkipEvent }
  | { kind: 'error'; message: string };

/** Any message from the parent makes it quit. */
async function run(task: MemberTask): Promise<void> {
  const say = (message: MemberMessage) => process.send?.(message);
  const work = () => new Promise((resolve) => setTimeout(resolve, task.workMs));
  const instances = Array.from({ length: task.instances }, () => {
    const instance = new Bossman({ connection: task.url, prefix: task.prefix });
    instance.on('start', (event) => say({ kind: 'start', event }));
    instance.on('skip', (event) => say({ kind: 'skip', event }));
    instance.on('error', ({ message }) => say({ kind: 'error', message }));
    return instance;
  });
  await Promise.all(
    instances.flatMap((instance) =>
      Object.entries(task.jobs).map(([name, plan]) => instance.hire(name, { ...plan, work })),
    ),
  );
  say({ kind: 'ready' });

  const stalls =
    task.stallMs > 0 ? setInterval(() => standStill(Math.random() * task.stallMs), 300) : undefined;
  process.once('message', async () => {
    clearInterval(stalls);
    await Promise.all(instances.map((instance) => instance.quit()));
    process.disconnect();
  });
}

function standStill(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

const [, , task] = process.argv;
if (task === undefined) throw new Error('a member needs its task');
void run(JSON.parse(task));
