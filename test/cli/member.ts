import Bossman from '../../src';

/** What the work of a job does: it takes `ms`, and fails with a message if it has one. */
export interface MemberJob extends Omit<Bossman.JobDefinition, 'work'> {
  ms?: number;
  fails?: string;
  /** The message of the cause of that. */
  cause?: string;
}

/** The orders for a member process, as JSON in its first argument. */
export interface MemberTask {
  url: string;
  prefix: string;
  jobs: Record<string, MemberJob>;
}

/** An instance in a process of its own. It says so when all is hired, and quits on any message. */
async function run({ url, prefix, jobs }: MemberTask): Promise<void> {
  const instance = new Bossman({ connection: url, prefix });
  // Failures are what some of the jobs are for.
  instance.on('error', () => {});
  await Promise.all(
    Object.entries(jobs).map(([name, { ms = 0, fails, cause, ...definition }]) =>
      instance.hire(name, {
        ...definition,
        async work() {
          await new Promise((resolve) => setTimeout(resolve, ms));
          if (fails !== undefined)
            throw new Error(fails, cause === undefined ? {} : { cause: new TypeError(cause) });
        },
      }),
    ),
  );
  process.once('message', async () => {
    await instance.quit({ timeout: 0 });
    // Does not wait for work in progress.
    process.exit();
  });
  process.send?.('ready');
}

const [, , task] = process.argv;
if (task === undefined) throw new Error('a member needs its task');
void run(JSON.parse(task));
