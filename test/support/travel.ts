import { Redis } from 'ioredis';
import { Mirror } from './mirror';

/** Keys expire as they would have after this many ms. Returns those that are gone. */
const AGE = `
  local gone = {}
  for _, key in ipairs(KEYS) do
    local rest = redis.call('PTTL', key) - ARGV[1]
    if rest > 0 then
      redis.call('PEXPIRE', key, rest)
    elseif redis.call('DEL', key) == 1 then
      gone[#gone + 1] = key
    end
  end
  return gone`;
const READS_TIME = "local time = redis.call('TIME')";

export const travel = {
  /** What the steps of a test have let pass, for all clients. */
  passedS: 0,
  /** The store in memory, which each call of a script is given as well. */
  mirror: new Mirror(),
};

/** A client whose scripts see the time that the steps of a test have let pass. */
export class TravellingClient extends Redis {
  /** Redis' time in the last answer of a script, in ms. */
  answeredAt = Number.NaN;
  /** ms from sending that script to its answer: all that Redis read of its clock, it read in that time. */
  took = 0;

  override defineCommand(name: string, { lua }: { lua: string }): void {
    if (!lua.includes(READS_TIME)) throw new Error(`${name} reads the time in a way that is not known here`);
    const travelling = `${READS_TIME} time[1] = time[1] + ARGV[#ARGV]`;
    super.defineCommand(name, { lua: lua.replace(READS_TIME, travelling) });
    const send: unknown = Reflect.get(this, name);
    if (typeof send !== 'function') throw new TypeError(`ioredis did not define ${name}`);
    Reflect.set(this, name, async (...args: unknown[]) => {
      const sentAt = performance.now();
      const reply: unknown = await send.call(this, ...args, travel.passedS);
      this.took = msSince(sentAt);
      if (Array.isArray(reply)) this.answeredAt = Math.floor(Number(reply[0]) / 1000);
      const [count, ...words] = args;
      const keys = words.slice(0, Number(count)).map(String);
      travel.mirror.call(name.slice('bossman:'.length), keys, words.slice(Number(count)), reply, this.took);
      return reply;
    });
  }
}

/** Lets time pass, for the scripts and for keys that expire. Returns by how many ms these may expire later. */
export async function pass(redis: Redis, seconds: number, volatile: string[]): Promise<number> {
  const sentAt = performance.now();
  const gone = await redis.eval(AGE, volatile.length, ...volatile, seconds * 1000);
  const took = msSince(sentAt);
  travel.passedS += seconds;
  travel.mirror.pass(seconds * 1000, took, Array.isArray(gone) ? gone.map(String) : []);
  return took;
}

/** By so much two readings of Redis' clock since then may differ, each in whole ms. */
export function msSince(startedAt: number): number {
  return Math.ceil(performance.now() - startedAt) + 1;
}

/** What TIME answered, in ms, as the scripts see it. */
export function msOf(time: unknown): number {
  const [seconds, micros] = Array.isArray(time) ? time : [];
  return (Number(seconds) + travel.passedS) * 1000 + Math.floor(Number(micros) / 1000);
}
