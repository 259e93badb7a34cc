import { messageOf } from '../errors';
import type { InstanceInfo } from '../info';
import type { Shared } from '../shared';
import { infoOf, parseAnswer } from './answers';
import type { Presence } from './presence';
import type { InspectionStore } from './reads';

/** ms; who has not answered by then is frozen, or cannot be asked. */
const LONGEST_WAIT = 600;
/** ms between two looks at how many have answered. */
const LOOKS = { first: 2, longest: 40 };

/**
 * Refusals of every write, whoever sends it. An answer is a write, so instances that live are refused as well. Redis 6.2
 * puts them after what it says about the script.
 */
const REFUSES_ALL = /(^|\s-)(OOM|MISCONF|READONLY|NOREPLICAS)\b/;

/** What a roll call found. */
export interface Roll {
  /** The instances that answered, by id. */
  instances: InstanceInfo[];
  /** Why no instance answered although some may be there; null when those that answered are known to be all. */
  silence: string | null;
}

/**
 * Calls the roll: rings the bell, and collects what the instances put down under the roll's id. The answers are not rung,
 * or each instance would hear those of all others.
 */
export class RollCall {
  constructor(
    private readonly shared: Pick<Shared, 'store' | 'pauses'>,
    private readonly reads: InspectionStore,
    /** Whether Redis tells how many heard the bell: a Cluster's node does not know of those at the others. */
    private readonly countsAll: boolean,
    /** Of the caller, where it is an instance: it may not hear its own bell. */
    private readonly own: Presence | null,
  ) {}

  /** The ids of those that answered. */
  async answering(): Promise<Set<string>> {
    return new Set((await this.call()).instances.map(({ id }) => id));
  }

  async call(): Promise<Roll> {
    const roll = this.shared.store.nextToken();
    const heard = await this.shared.store.peers.ringWho(roll);
    // On a Cluster nobody may have heard it on the node that was asked, and many on the others.
    const expected = this.countsAll ? heard : Number.POSITIVE_INFINITY;
    // Counted by what was waited, not by the clock: a process that stalls has not read what is there by then.
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
   * Why nobody answered. An answer of our own shows whether Redis takes any; as it says nothing, it is nobody's.
   *
   * @returns null: nobody is there
   */
  private async silenceOf(roll: string, heard: number): Promise<string | null> {
    try {
      await this.shared.store.peers.present(roll, '');
    } catch (refusal) {
      // Which script it was says nothing to whoever reads it.
      const said = messageOf(refusal).replace(/\.? script: [0-9a-f]{40},.*$/s, '');
      if (REFUSES_ALL.test(said)) return `Redis refuses their answers (${said})`;
    }
    return heard > 0 ? `${heard} heard the question, and none answered within ${LONGEST_WAIT} ms` : null;
  }
}
