import { messageOf } from '../errors';
import type { InstanceInfo } from '../info';
import type { Shared } from '../shared';
import { infoOf, parseAnswer } from './answers';
import type { Presence } from './presence';
import type { InspectionStore } from './reads';

/** ms; an instance that has not answered by then is frozen or unreachable. */
const LONGEST_WAIT = 600;
/** ms between two checks of the number of answers. */
const LOOKS = { first: 2, longest: 40 };

/**
 * Errors with which Redis refuses all writes. An answer is a write, so live instances are refused as well. Redis 6.2
 * puts the error after its text about the script.
 */
const REFUSES_ALL = /(^|\s-)(OOM|MISCONF|READONLY|NOREPLICAS)\b/;

/** The result of a roll call. */
export interface Roll {
  /** The instances that answered, by id. */
  instances: InstanceInfo[];
  /**
   * Why no instance answered although some may be running; null if one did, or if there is none. The result of `whole` also
   * names connected instances that did not answer.
   */
  silence: string | null;
}

/**
 * Calls the roll: publishes on the bell, and collects the answers stored under the roll's id. Answers are not
 * published, or each instance would receive those of all others.
 */
export class RollCall {
  constructor(
    private readonly shared: Pick<Shared, 'store' | 'pauses'>,
    private readonly reads: InspectionStore,
    /**
     * Whether Redis returns how many instances received the bell: a Cluster node does not count those on other nodes.
     */
    private readonly countsAll: boolean,
    /** The caller's own presence, if it is an instance: it may not receive its own bell. */
    private readonly own: Presence | null,
  ) {}

  /** The ids of the instances that answered. */
  async answering(): Promise<Set<string>> {
    return new Set((await this.call()).instances.map(({ id }) => id));
  }

  /** Also finds instances that are connected but do not answer. */
  async whole(): Promise<Roll> {
    const { instances, silence } = await this.call();
    return { instances, silence: silence ?? (await this.mute(instances)) };
  }

  /**
   * Which instances are connected but did not answer, because their process is frozen, busy or quitting; null: none. Call it
   * after the roll call, so that an instance that quits during that is not counted.
   */
  async mute(answered: readonly InstanceInfo[]): Promise<string | null> {
    const connected = await this.shared.store.peers.connected();
    const mute = connected.filter((id) => !answered.some((instance) => instance.id === id));
    if (mute.length === 0) return null;
    const which = mute.length === 1 ? 'an instance is' : `${mute.length} instances are`;
    return `${which} connected, but did not answer within ${LONGEST_WAIT} ms (${mute.join(', ')})`;
  }

  async call(): Promise<Roll> {
    const roll = this.shared.store.nextToken();
    const heard = await this.shared.store.peers.ringWho(roll);
    // On a Cluster, instances on other nodes may have received it.
    const expected = this.countsAll ? heard : Number.POSITIVE_INFINITY;
    // Adds up the delays instead of reading the clock: a process that was stalled has not read the available answers yet.
    let waited = 0;
    let wait = LOOKS.first;
    while (expected > 0 && waited < LONGEST_WAIT && (await this.shared.pauses.brief(wait))) {
      if ((await this.reads.answersTo(roll)) >= expected) break;
      waited += wait;
      wait = Math.min(2 * wait, LOOKS.longest);
    }
    const answers = new Map<string, InstanceInfo>();
    const silence = (await this.reads.answersTo(roll)) === 0 ? await this.silenceOf(roll, heard) : null;
    for (const [id, text] of await this.reads.takeAnswers(roll)) {
      const answer = parseAnswer(id, text);
      if (answer) answers.set(id, answer);
    }
    const { instance } = this.shared.store;
    if (this.own && !answers.has(instance))
      answers.set(instance, infoOf(instance, await this.own.describe()));
    return { instances: [...answers.values()].sort((a, b) => (a.id < b.id ? -1 : 1)), silence };
  }

  /**
   * Why nobody answered. Sends an empty answer of our own, which is ignored, to test whether Redis accepts any.
   *
   * @returns null: there are no instances
   */
  private async silenceOf(roll: string, heard: number): Promise<string | null> {
    try {
      await this.shared.store.peers.present(roll, '');
    } catch (refusal) {
      // The script's hash does not help the reader.
      const said = messageOf(refusal).replace(/\.? script: [0-9a-f]{40},.*$/s, '');
      if (REFUSES_ALL.test(said)) return `Redis refuses their answers (${said})`;
    }
    return heard > 0 ? `no answer within ${LONGEST_WAIT} ms (instances asked: ${heard})` : null;
  }
}
