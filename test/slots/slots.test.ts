import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { makeFleet } from '../support/fleet';
import type { MemberMessage, MemberTask } from '../support/member';
import { testUrl } from '../support/redis';
import { TYPESCRIPT } from '../support/typescript';
import { waitFor } from '../support/wait';

const EVERY = 200;
const JOBS = 10;
const SLOTS_PER_JOB = 100;

const fleet = makeFleet();

/** What four processes with two instances each reported about the slots of ten jobs. */
class Slots {
  private readonly runs = new Map<string, number>();
  private readonly skips = new Set<string>();
  readonly errors: string[] = [];
  private first = new Map<string, number>();
  private last = new Map<string, number>();

  take(message: MemberMessage): void {
    if (message.kind === 'error') this.errors.push(message.message);
    if (message.kind === 'start' && message.event.slot !== null) {
      const { job, slot } = message.event;
      this.runs.set(`${job} ${slot}`, (this.runs.get(`${job} ${slot}`) ?? 0) + 1);
      this.first.set(job, Math.min(slot, this.first.get(job) ?? slot));
      this.last.set(job, Math.max(slot, this.last.get(job) ?? slot));
    }
    if (message.kind === 'skip') {
      const { job, slot, through } = message.event;
      for (let told = slot; told <= through; told += EVERY) this.skips.add(`${job} ${told}`);
    }
  }

  get count(): number {
    return this.runs.size;
  }

  get doubled(): string[] {
    return [...this.runs].filter(([, times]) => times > 1).map(([slot]) => slot);
  }

  get lost(): string[] {
    const lost: string[] = [];
    for (const [job, first] of this.first) {
      for (let slot = first; slot <= (this.last.get(job) ?? first); slot += EVERY) {
        const key = `${job} ${slot}`;
        if (!this.runs.has(key) && !this.skips.has(key)) lost.push(key);
      }
    }
    return lost;
  }

  get skipped(): number {
    return this.skips.size;
  }

  /** Slots off the grid that the first one began. */
  get drifted(): string[] {
    return [...this.runs.keys()].filter((key) => {
      const at = key.lastIndexOf(' ');
      return (Number(key.slice(at + 1)) - (this.first.get(key.slice(0, at)) ?? 0)) % EVERY !== 0;
    });
  }
}

async function startMember(task: MemberTask, slots: Slots) {
  const member = fork(join(__dirname, '../support/member.ts'), [JSON.stringify(task)], {
    execArgv: TYPESCRIPT,
  });
  // Not only 'exit': its last messages may still be in the channel.
  const exit = Promise.all([once(member, 'exit'), once(member, 'disconnect')]);
  let ready = false;
  member.on('message', (message: MemberMessage) => {
    if (message.kind === 'ready') ready = true;
    slots.take(message);
  });
  fleet.afterwards(() => member.exitCode === null && member.kill('SIGKILL'));
  await waitFor('a member to have hired', () => ready);
  return {
    async quit() {
      member.send('quit');
      const [[code]] = await exit;
      return code as number | null;
    },
  };
}

test('8 instances in 4 processes, one of which stalls at random, run each of 1000 slots once', async () => {
  const slots = new Slots();
  const jobs = Object.fromEntries(
    Array.from({ length: JOBS }, (_, job) => [`tick ${job}`, { every: EVERY }]),
  );
  const task: MemberTask = {
    url: testUrl(),
    prefix: fleet.prefix,
    instances: 2,
    jobs,
    workMs: 0,
    stallMs: 0,
  };
  const members = await Promise.all(
    [0, 0, 0, 150].map((stallMs) => startMember({ ...task, stallMs }, slots)),
  );
  await waitFor('1000 slots', () => slots.count >= JOBS * SLOTS_PER_JOB, { timeoutMs: 60_000 });
  const codes = await Promise.all(members.map((member) => member.quit()));

  expect(codes).toEqual([0, 0, 0, 0]);
  expect(slots.errors).toEqual([]);
  expect(slots.doubled).toEqual([]);
  expect(slots.lost).toEqual([]);
  expect(slots.drifted).toEqual([]);
  // A skip is reported, but a fleet with seven idle instances has no reason for many.
  expect(slots.skipped).toBeLessThan(slots.count / 5);
}, 150_000);
