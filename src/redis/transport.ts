import { BATCHED, scripts } from '../scripts/generated';
import type { RedisClock } from '../time/clock';
import { Batches, type ScriptCall } from './call-batches';
import type { Client } from './connection';
import { listOf, type Reply, timeOf } from './replies';
import type { Verb } from './script-call';

type BatchedVerb = (typeof BATCHED)[number];
export type BatchedCall = ScriptCall<BatchedVerb>;

/** Sends script calls to Redis, many in one command. Every reply sets the clock. Rejects if Redis refuses. */
export class Transport {
  private readonly commands: Record<Verb, (...args: (string | number)[]) => Promise<unknown>>;
  private connectedAt = Number.NEGATIVE_INFINITY;
  private readonly batches = new Batches<BatchedVerb>(
    (call) => this.send(call),
    (calls) => this.sendMany(calls),
  );

  constructor(
    client: Client,
    private readonly clock: RedisClock,
    private readonly on: {
      clockJump: () => void;
      /** Called before anything is sent, to send what must go first. */
      sending: () => void;
    },
  ) {
    const defined: Partial<Transport['commands']> = {};
    for (const verb of Object.keys(scripts) as Verb[]) {
      // A name that no Redis command will ever have.
      const command = `bossman:${verb}`;
      client.defineCommand(command, { lua: scripts[verb] });
      const call: unknown = Reflect.get(client, command);
      if (typeof call !== 'function') throw new TypeError(`ioredis did not define ${command}`);
      defined[verb] = (...args) => call.apply(client, args);
    }
    this.commands = defined as Transport['commands'];
  }

  /** Call when connected: commands that were queued until then are executed after this moment. */
  connected(): void {
    this.connectedAt = this.clock.monotonic();
  }

  /**
   * Calls a script. Calls of one turn of the event loop are combined, if their verb allows it.
   *
   * @param read parses the reply
   */
  call<T>({ verb, keys, args }: ScriptCall<Verb>, read: (reply: Reply) => T): Promise<T> {
    this.on.sending();
    if (isBatched(verb)) return this.batches.call({ verb, keys, args }, (answer) => read(listOf(answer)));
    this.batches.flush();
    return this.send({ verb, keys, args }).then(read);
  }

  /** Sends all waiting calls before it returns. */
  flush(): void {
    this.on.sending();
    this.batches.flush();
  }

  /** Calls several scripts in one command. A refused call resolves to an Error. */
  async sendMany(calls: BatchedCall[]): Promise<unknown[]> {
    // Calls share most keys, so each key is sent once.
    const places = new Map<string, number>();
    const placeOf = (key: string) => {
      const place = places.get(key);
      if (place !== undefined) return place;
      places.set(key, places.size + 1);
      return places.size;
    };
    // Scripts treat every argument as a string.
    const packed = calls.map(({ verb, keys, args }) => [verb, keys.map(placeOf), args.map(String)]);
    const [, ...answers] = await this.send({
      verb: 'many',
      keys: [...places.keys()],
      args: [JSON.stringify(packed)],
    });
    return answers.map((answer) => (typeof answer === 'string' ? new Error(answer) : answer));
  }

  /** Calls one script in a command of its own. */
  async send({ verb, keys, args }: ScriptCall<Verb>): Promise<Reply> {
    const sentAt = this.clock.monotonic();
    const reply = listOf(await this.commands[verb](keys.length, ...keys, ...args));
    if (this.clock.observe(Math.max(sentAt, this.connectedAt), timeOf(reply))) this.on.clockJump();
    return reply;
  }
}

const batched: ReadonlySet<Verb> = new Set(BATCHED);

function isBatched(verb: Verb): verb is BatchedVerb {
  return batched.has(verb);
}
