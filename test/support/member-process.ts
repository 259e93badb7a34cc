import type { ChildProcess } from 'node:child_process';
import type Bossman from '../../src';
import { type Exit, runScript } from './child';
import { nothingTold, type Told } from './recorded-fleet';
import { waitFor } from './wait';

/** A process of its own with one instance in it, to be killed or frozen. */
export interface Member {
  /** An error as `CODE: message`. */
  readonly told: Told<string>;
  /** Codes of the reasons for which the signals of its runs aborted. */
  readonly aborted: string[];
  /** SIGSTOP: its connections stay open, and it does nothing. */
  freeze(): void;
  /** SIGCONT. */
  thaw(): void;
  /** As `caughtUp` of an instance in this process. */
  caughtUp(): Promise<void>;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
  /** SIGTERM, or SIGINT, on which it quits; resolves when it is gone. */
  quit(by?: 'SIGTERM' | 'SIGINT'): Promise<Exit>;
}

/** What a process of its own hires, and how its runs go. */
export interface MemberTask {
  /** Options of its instance. */
  options?: Bossman.RunOptions;
  jobs: Record<string, Omit<Bossman.JobDefinition, 'work'>>;
  /** How long `work` takes, in ms; 0 by default. */
  workMs?: number;
  /** So many ms its wall clock is fast. */
  skewMs?: number;
}

/**
 * Starts a process that joins a fleet.
 *
 * @param where the fleet's Redis and prefix
 * @param toldByAll receives its events as well as its own `told`
 * @returns the member, and what resolves when it has hired all
 */
export function startMember(
  where: { url: string; prefix: string },
  task: MemberTask,
  toldByAll: Told<string>,
): { member: Member; hired: Promise<unknown> } {
  const told = nothingTold<string>();
  const aborted: string[] = [];
  let hasHired = false;
  let caughtUp = 0;
  let child: ChildProcess | undefined;
  const exit = runScript(scriptOf(where.prefix, task), where.url, (line, process) => {
    child = process;
    const { kind, event } = JSON.parse(line);
    if (kind === 'hired') hasHired = true;
    else if (kind === 'caught up') caughtUp += 1;
    else if (kind === 'aborted') aborted.push(event);
    else for (const lists of [told, toldByAll]) listOf(lists, kind).push(event);
  });
  const signal = (name: NodeJS.Signals) => void child?.kill(name);
  const member: Member = {
    told,
    aborted,
    freeze: () => signal('SIGSTOP'),
    thaw: () => signal('SIGCONT'),
    async caughtUp() {
      const before = caughtUp;
      signal('SIGUSR2');
      await waitFor('a process to catch up', () => caughtUp > before);
    },
    async kill() {
      signal('SIGKILL');
      await exit;
    },
    quit(by = 'SIGTERM') {
      signal(by);
      return exit;
    },
  };
  return { member, hired: waitFor('a process to have hired', () => hasHired) };
}

function listOf(told: Told<string>, kind: keyof Told<string>): unknown[] {
  return told[kind];
}

/** Each event is a line of JSON: it is written to a pipe at once, so a process that is killed has reported everything. */
function scriptOf(prefix: string, { options = {}, jobs, workMs = 0, skewMs = 0 }: MemberTask): string {
  return `
    const RealDate = Date;
    globalThis.Date = class extends RealDate {
      constructor(...args) { super(...(args.length > 0 ? args : [Date.now()])); }
      static now() { return RealDate.now() + ${skewMs}; }
    };
    const say = (kind, event) => console.log(JSON.stringify({ kind, event }));
    const fred = new Bossman({ connection, prefix: '${prefix}', ...${JSON.stringify(options)} });
    for (const kind of ['start', 'finish', 'fail', 'skip', 'lost', 'plan']) fred.on(kind, (event) => say(kind, event));
    fred.on('error', ({ code, message }) => say('error', code + ': ' + message));
    const work = ({ signal }) => {
      signal.addEventListener('abort', () => say('aborted', signal.reason.code));
      return new Promise((resolve) => setTimeout(resolve, ${workMs}));
    };
    const jobs = Object.entries(${JSON.stringify(jobs)});
    Promise.all(jobs.map(([name, plan]) => fred.hire(name, { ...plan, work }))).then(() => say('hired'));
    // See caughtUp: what waits in a socket may lead to another command, hence twice.
    const catchUp = () => fred.hire('nobody demands this', { work }).then(() => new Promise(setImmediate));
    process.on('SIGUSR2', () => catchUp().then(catchUp).then(() => say('caught up')));
    for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => fred.quit());`;
}
