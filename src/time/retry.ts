import type { Pauses } from './pauses';

/** ms between two tries after a refusal: `first`, then twice as long each time, up to `longest`. */
export interface Waits {
  readonly first: number;
  readonly longest: number;
}

/** For anything due: a slot, a demand, or the recovery of a run. */
export const DUE: Waits = { first: 200, longest: 200 };
/** For a sync of a plan. */
export const SYNC: Waits = { first: 1000, longest: 1000 };
/** For a hire, of which there may be thousands. */
export const HIRE: Waits = { first: 1000, longest: 30_000 };

/** Options of `Retries.until`. */
export interface Tries {
  waits: Waits;
  /** ms before the first try; 0: it is sent at once. */
  before?: number;
  /** Asked before each try: false ends the tries. */
  isWanted?: () => boolean;
}

/**
 * Sends commands that Redis may refuse, perhaps for a long time. Each refusal is passed to the reporter, which reports once
 * until `answered` is called.
 */
export class Retries {
  constructor(
    private readonly pauses: Pauses,
    private readonly on: {
      /** @param verb names the command in the report of a refusal */
      answered: (verb: string, job: string) => void;
      refused: (verb: string, job: string, cause: unknown) => void;
    },
  ) {}

  /** Sends once. Null if Redis refused, which is reported. */
  async once<Answer>(verb: string, job: string, send: () => Promise<Answer>): Promise<Answer | null> {
    try {
      const answer = await send();
      this.on.answered(verb, job);
      return answer;
    } catch (cause) {
      this.on.refused(verb, job, cause);
      return null;
    }
  }

  /**
   * Sends until Redis answers. Null if the instance stopped before, or the answer is no longer wanted.
   *
   * @param send receives how long this try has waited, in ms
   */
  async until<Answer>(
    verb: string,
    job: string,
    send: (waitedMs: number) => Promise<Answer>,
    { waits, before = 0, isWanted = () => true }: Tries,
  ): Promise<Answer | null> {
    for (let wait = before; ; wait = Math.min(waits.longest, Math.max(waits.first, 2 * wait))) {
      if (wait > 0) await this.pauses.pause(wait);
      if (this.pauses.stopped || !isWanted()) return null;
      const answer = await this.once(verb, job, () => send(wait));
      if (answer !== null) return answer;
    }
  }
}
