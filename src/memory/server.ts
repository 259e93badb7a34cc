import type { BATCHED } from '../scripts/generated';
import { claim } from './claim-verb';
import { begin, demand, take } from './demand-verbs';
import { clock, forget, present, sweep } from './job-verbs';
import { Keyspace } from './keyspace';
import { arm, fire, pause, restore, resume } from './plan-verbs';
import { died, recover, renew, settle } from './run-verbs';
import type { Carried, Script } from './script';

type Batched = (typeof BATCHED)[number];

const BATCHED_VERBS: Record<Batched, Carried> = {
  begin,
  claim,
  demand,
  recover,
  renew,
  restore,
  settle,
  sweep,
  take,
};

const VERBS: Readonly<Record<string, Carried>> = {
  ...BATCHED_VERBS,
  ...{ arm, clock, died, fire, forget, pause, present, resume },
};

/** A subscriber of a channel. */
export interface Subscriber {
  deliver(channel: string, message: string): void;
}

/** A placeholder in an answer of `many` for the number of instances that heard the bell. */
const HEARD = Number.NaN;

/**
 * Takes the place of Redis: stores the data, carries out the scripts, and delivers messages. Each script is written in
 * TypeScript, with the same keys, arguments and answer; test/memory/verbs.test.ts compares the two call by call.
 */
export class MemoryServer {
  readonly db: Keyspace;
  /** The number of scripts carried out. */
  calls = 0;
  private readonly channels = new Map<string, Set<Subscriber>>();
  /** The records of all runs, by job and by the run's token. */
  private readonly runs = new Map<string, Map<string, string[]>>();

  /** @param nowUs the time in whole µs */
  constructor(private readonly nowUs: () => number) {
    this.db = new Keyspace(() => Math.floor(nowUs() / 1000));
  }

  /** Carries out a script. */
  call(verb: string, keys: readonly string[], args: readonly string[]): unknown[] {
    this.calls += 1;
    if (verb === 'many') return this.many(keys, args[0] ?? '[]');
    return carriedOut(
      verb,
      this.script((bell, words) => this.publish(bell, words.join(' '))),
      keys,
      args,
    );
  }

  /** Returns the number of subscribers. */
  publish(channel: string, message: string): number {
    const subscribers = this.channels.get(channel);
    for (const subscriber of subscribers ?? []) subscriber.deliver(channel, message);
    return subscribers?.size ?? 0;
  }

  subscribe(channel: string, subscriber: Subscriber): void {
    const subscribers = this.channels.get(channel);
    if (subscribers) subscribers.add(subscriber);
    else this.channels.set(channel, new Set([subscriber]));
  }

  /** Unsubscribes from all channels. */
  unsubscribe(subscriber: Subscriber): void {
    for (const subscribers of this.channels.values()) subscribers.delete(subscriber);
  }

  /** The number of subscribers of a channel. */
  subscribers(channel: string): number {
    return this.channels.get(channel)?.size ?? 0;
  }

  /** All recorded runs of a job, as fields of its history, oldest first. */
  runsOf(name: string): Iterable<string[]> {
    return this.runs.get(name)?.values() ?? [];
  }

  /** many.lua: several calls, whose bells become one message. */
  private many(keys: readonly string[], calls: string): unknown[] {
    const messages: string[] = [];
    let channel = '';
    const script = this.script((bell, words) => {
      channel = bell;
      messages.push(words.join(' '));
      return HEARD;
    });
    const answers: unknown[] = (JSON.parse(calls) as [string, number[], string[]][]).map(
      ([verb, places, args]) => {
        const own = places.map((place) => keys[place - 1] ?? '');
        return carriedOut(verb, script, own, args);
      },
    );
    if (messages.length > 0) {
      const [first = ''] = messages;
      const heard = this.publish(channel, messages.length === 1 ? first : `many ${JSON.stringify(messages)}`);
      for (const answer of answers) {
        if (!Array.isArray(answer)) continue;
        for (const [at, word] of answer.entries()) if (Number.isNaN(word)) answer[at] = heard;
      }
    }
    return [script.nowUs, ...answers];
  }

  private script(ring: (bell: string, words: string[]) => number): Script {
    const nowUs = this.nowUs();
    return {
      db: this.db,
      nowUs,
      now: Math.floor(nowUs / 1000),
      ring: (bell, ...words) => ring(bell, words),
      ended: (name, token, fields) => this.ended(name, token, fields),
    };
  }

  private ended(name: string, token: string, fields: string[]): void {
    const runs = this.runs.get(name) ?? new Map<string, string[]>();
    this.runs.set(name, runs);
    runs.delete(token);
    runs.set(token, fields);
  }
}

function carriedOut(
  verb: string,
  script: Script,
  keys: readonly string[],
  args: readonly string[],
): unknown[] {
  const carried = VERBS[verb];
  if (!carried) throw new Error(`there is no script ${verb} in memory`);
  return carried(script, keys, args);
}
