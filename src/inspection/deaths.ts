import { BossmanError } from '../errors';
import { explained } from '../redis/refusals';
import type { Shared } from '../shared';
import type { RollCall } from './roll-call';

/** ms for which a run that holds no lock may go on before anybody asks whether its process lives: most settle by then. */
const ASK_AFTER = 1000;
/** ms between the two times at which its instance must be away: after an outage all have connected again by then. */
const AWAY_FOR = 3000;
/** ms after which an instance that was there is asked for again. */
const ASK_AGAIN = 30_000;
/** The digits of a token that say whose it is. */
const ID_LENGTH = 16;

interface Suspect {
  readonly name: string;
  readonly token: string;
  /** Null: it is not looked for now. */
  probing: Promise<void> | null;
  /** When its instance was last there, in ms on a monotonic clock. */
  aliveAt: number;
}

/**
 * Runs whose process has died. A run is noted when it begins and until it settles, by the scripts that begin and settle
 * runs; they answer which noted runs hold no lock. Such a run has died, or has outlived its lock and goes on.
 *
 * States of one: suspected → its instance is looked for, after a while → there: asked again after a longer while, if it
 * is still suspected → away, and away again 3 s later: recorded as died, by a script, so once. A run that settles in
 * between is no suspect any more. A process that is busy or frozen answers nothing but keeps its connection, so an
 * instance is away only when its own channel has no subscriber, and it does not answer the roll call either. One that
 * was cut off for longer than that and comes back settles its run, and the script takes the record back.
 */
export class Deaths {
  private readonly suspects = new Map<string, Suspect>();

  constructor(
    private readonly shared: Pick<Shared, 'store' | 'pauses' | 'clock'>,
    private readonly roll: RollCall,
    /** Null: we are no instance, so we run nothing and report nothing. */
    private readonly own:
      | (Pick<Shared, 'teller' | 'track'> & {
          /** A run of our own: whoever runs it knows better. */
          suspected: (name: string, token: string) => void;
        })
      | null,
  ) {}

  /** To be called with all suspects of a job, also when there are none any more. */
  suspected(name: string, tokens: readonly string[]): void {
    // Called for every run.
    if (tokens.length === 0 && this.suspects.size === 0) return;
    for (const [token, suspect] of this.suspects) {
      if (suspect.name === name && !tokens.includes(token)) this.suspects.delete(token);
    }
    for (const token of tokens) {
      if (this.shared.pauses.stopped) return;
      if (this.own && idOf(token) === this.shared.store.instance) {
        this.own.suspected(name, token);
        continue;
      }
      const suspect = this.suspects.get(token) ?? {
        name,
        token,
        probing: null,
        aliveAt: Number.NEGATIVE_INFINITY,
      };
      if (suspect.probing || this.shared.clock.monotonic() - suspect.aliveAt < ASK_AGAIN) continue;
      this.suspects.set(token, suspect);
      suspect.probing = this.probeLater(suspect).finally(() => {
        suspect.probing = null;
      });
    }
  }

  /**
   * Looks for suspects now, as somebody asks. Takes as long as it has to: 3 s when there is one whose instance is away.
   *
   * @param suspects token → name
   * @returns how many have died
   */
  async resolve(suspects: ReadonlyMap<string, string>): Promise<number> {
    try {
      const away = await this.awayOf([...suspects.keys()]);
      this.own?.teller.over('died', '');
      if (away.length === 0 || !(await this.shared.pauses.brief(AWAY_FOR))) return 0;
      const gone = await this.awayOf(away);
      await Promise.all(gone.map((token) => this.record(suspects.get(token) ?? '', token)));
      return gone.length;
    } catch (cause) {
      // Whoever may only read still has the answer to what was asked.
      const message = `could not check whether runs have died (${explained(cause)})`;
      this.own?.teller.trouble(new BossmanError('COMMAND', message, null, cause), 'died');
      return 0;
    }
  }

  private async probeLater(suspect: Suspect): Promise<void> {
    if (!(await this.shared.pauses.pause(ASK_AFTER))) return;
    try {
      await this.probe(suspect);
      this.own?.teller.over('died', suspect.name);
    } catch (cause) {
      if (this.shared.pauses.stopped) return;
      // Like one that is there: looked for again later, if it is still suspected.
      suspect.aliveAt = this.shared.clock.monotonic();
      const message = `could not check whether a run of '${suspect.name}' has died (${explained(cause)}); trying again`;
      this.own?.teller.trouble(new BossmanError('COMMAND', message, suspect.name, cause), 'died');
    }
  }

  private async probe(suspect: Suspect): Promise<void> {
    const { name, token } = suspect;
    const isSuspect = () => this.suspects.get(token) === suspect;
    for (let times = 1; times <= 2 && isSuspect(); times += 1) {
      if ((await this.awayOf([token])).length === 0) {
        suspect.aliveAt = this.shared.clock.monotonic();
        return;
      }
      if (times === 1 && !(await this.shared.pauses.pause(AWAY_FOR))) return;
    }
    if (!isSuspect()) return;
    await this.record(name, token);
    this.suspects.delete(token);
  }

  /** Those whose instance is neither connected nor answers. */
  private async awayOf(tokens: readonly string[]): Promise<string[]> {
    if (tokens.length === 0) return [];
    const connected = await this.shared.store.peers.connectedOf([...new Set(tokens.map(idOf))]);
    const silent = tokens.filter((token) => !connected.has(idOf(token)));
    if (silent.length === 0) return [];
    const answering = await this.roll.answering();
    return silent.filter((token) => !answering.has(idOf(token)));
  }

  private async record(name: string, token: string): Promise<void> {
    const recording = this.shared.store.died(name, token, this.own !== null);
    const { verdict, slot, demandedAt } = await (this.own?.track(recording) ?? recording);
    if (verdict === 'died' && this.own?.teller.hears('lost'))
      this.own.teller.tell('lost', { job: name, slot, demandedAt, why: 'died' });
  }
}

/** Whose a lock's token is. */
export function idOf(token: string): string {
  return token.slice(0, ID_LENGTH);
}
