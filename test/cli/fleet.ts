import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { JobInfo } from '../../src/info';
import { openInspector } from '../../src/inspection/inspector';
import type { TestFleet } from '../support/fleet';
import { testUrl } from '../support/redis';
import { TYPESCRIPT } from '../support/typescript';
import { bossman, type Ended } from './cli';
import type { MemberJob, MemberTask } from './member';

/** A process with an instance that hires jobs. */
export interface Member {
  pid: number;
  /** Quits without waiting for its runs, and exits. */
  leave(): Promise<void>;
  /** SIGKILL: it says nothing any more. */
  kill(): Promise<void>;
}

/** The command line, and processes for it to look at. */
export interface CliFleet {
  /** Starts a process that hires these jobs; resolves when they are hired. It ends with the test. */
  member(jobs: Record<string, MemberJob>): Promise<Member>;
  /** Calls `bossman` on the fleet of the test. */
  cli(...args: string[]): Promise<Ended>;
  /** The same with `--json`, and what it printed. */
  json<T>(...args: string[]): Promise<T>;
  /** A job as the fleet knows it, to wait for: asked from within this process, as a call of `bossman` takes long. */
  job(name: string): Promise<JobInfo | undefined>;
}

export function cliOf(fleet: TestFleet): CliFleet {
  const cli = (...args: string[]) => bossman([...args, '--url', testUrl(), '--prefix', fleet.prefix]);
  return {
    member: (jobs) => startMember(fleet, jobs),
    cli,
    json: async <T>(...args: string[]) => parse<T>(await cli(...args, '--json')),
    async job(name) {
      const inspector = await openInspector({ connection: testUrl(), prefix: fleet.prefix });
      try {
        return (await inspector.jobs()).find((one) => one.name === name);
      } finally {
        await inspector.close();
      }
    },
  };
}

/** @throws Error when it is not one line of JSON, and nothing on stderr */
export function parse<T>({ stdout, stderr, status }: Ended): T {
  if (stderr !== '' || !/^[^\n]+\n$/.test(stdout)) {
    throw new Error(`not one line of JSON (status ${status}):\n${stdout}${stderr}`);
  }
  return JSON.parse(stdout);
}

async function startMember(fleet: TestFleet, jobs: Record<string, MemberJob>): Promise<Member> {
  const task: MemberTask = { url: testUrl(), prefix: fleet.prefix, jobs };
  const child = fork(join(__dirname, 'member.ts'), [JSON.stringify(task)], { execArgv: TYPESCRIPT });
  const gone = once(child, 'exit');
  const member: Member = {
    pid: child.pid ?? 0,
    async leave() {
      if (child.connected) child.send('leave');
      await gone;
    },
    async kill() {
      child.kill('SIGKILL');
      await gone;
    },
  };
  fleet.afterwards(() => member.leave());
  await Promise.race([once(child, 'message'), gone]);
  if (!child.connected) throw new Error('a member ended before it had hired its jobs');
  return member;
}
