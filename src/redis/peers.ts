import { type Client, isCluster } from './connection';
import type { Keys } from './keys';
import { listenersReply } from './replies';
import { scriptCall } from './script-call';
import type { Transport } from './transport';

/** ms for which an answer to a roll call waits to be read. */
const ANSWER_KEPT = 5000;

/** What instances ask each other and answer, and who of them is there. Rejects with what Redis refused. */
export class Peers {
  /** @param instance what we are called on the bell */
  constructor(
    private readonly client: Client,
    private readonly keys: Keys,
    private readonly transport: Transport,
    private readonly instance: string,
  ) {}

  /** Rings the bell without changing anything. Resolves with the number of instances that heard it. */
  ring(kind: 'roll' | 'here', name: string): Promise<number> {
    this.transport.flush();
    return this.client.publish(this.keys.bell, `${kind} ${this.instance} ${name}`);
  }

  /** Calls the roll, under an id of its own: whoever hears it answers by `present`. */
  ringWho(roll: string): Promise<number> {
    this.transport.flush();
    return this.client.publish(this.keys.bell, `who ${this.instance} ${roll}`);
  }

  /** Says that this instance leaves. */
  ringQuit(): Promise<number> {
    this.transport.flush();
    return this.client.publish(this.keys.bell, `quit ${this.instance}`);
  }

  /** Answers a roll call, with JSON. */
  present(roll: string, answer: string): Promise<void> {
    const of = { keys: this.keys, caller: this.instance, name: roll };
    return this.transport.call(scriptCall('present', of, { answer, ttlMs: ANSWER_KEPT }), () => {});
  }

  /** How many instances listen to the bell now, as far as this server knows; 0 for unknown. */
  async listeners(): Promise<number> {
    return listenersReply(await this.client.pubsub('NUMSUB', this.keys.bell));
  }

  /** Which of these instances have their own channel subscribed: their processes live, even when they are frozen. */
  async connectedOf(instances: readonly string[]): Promise<Set<string>> {
    const channels = instances.map((instance) => this.keys.own(instance));
    const found = new Set<string>();
    // A Cluster's node knows of its own connections alone.
    const nodes = isCluster(this.client) ? this.client.nodes('all') : [this.client];
    for (const reply of await Promise.all(nodes.map((node) => node.pubsub('NUMSUB', ...channels)))) {
      for (const [at, instance] of instances.entries()) {
        if (Array.isArray(reply) && Number(reply[2 * at + 1]) > 0) found.add(instance);
      }
    }
    return found;
  }
}
