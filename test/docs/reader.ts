/**
 * `reader.ts PORT FILE` does what a reader of the documents does: runs a program, unchanged, with a Redis at
 * localhost:6379, which here is at PORT. Then every job that it hired, and has not left, is demanded; it prints `ran JOB`
 * when it has been run. What goes wrong becomes a warning, or the exit code.
 */
import { once } from 'node:events';
import { Socket } from 'node:net';
import Bossman from 'bossman';

const DEFAULT_PORT = 6379;
const VERBS = ['hire', 'demand', 'fire', 'qa', 'quit'] as const;

const [, , port, file] = process.argv;
if (port === undefined || file === undefined) throw new Error('usage: reader.ts PORT FILE');

const { connect } = Socket.prototype;
Socket.prototype.connect = function (this: Socket, ...given: unknown[]): Socket {
  for (const target of given.flat()) {
    const isDefault = target instanceof Object && 'port' in target && Number(target.port) === DEFAULT_PORT;
    if (isDefault) Object.assign(target, { port: Number(port) });
  }
  return Reflect.apply(connect, this, given);
};

const hired = new Map<Bossman, Set<string>>();
const prototype: object = Bossman.prototype;
for (const verb of VERBS) {
  const original = Reflect.get(prototype, verb);
  Object.assign(prototype, {
    [verb](this: Bossman, ...given: unknown[]) {
      const jobs = hired.get(this) ?? new Set();
      hired.set(this, jobs);
      if (verb === 'hire') jobs.add(String(given[0]));
      if (verb === 'quit') jobs.clear();
      return original.apply(this, given);
    },
  });
}

async function main(program: string): Promise<void> {
  await import(program);
  for (const [instance, jobs] of hired) {
    // A document may show a listener that only prints.
    instance.on('error', (error) => process.emitWarning(error));
    for (const job of [...jobs]) {
      const finished = runOf(instance, job);
      await instance.demand(job);
      await finished;
      console.log(`ran ${job}`);
    }
    await instance.quit();
  }
  // Other clients of the program may still be connected.
  process.exit();
}

async function runOf(instance: Bossman, job: string): Promise<void> {
  for (;;) {
    const [event] = await once(instance, 'finish');
    if (event.job === job && event.demandedAt !== null && !event.vetoed) return;
  }
}

void main(file);
