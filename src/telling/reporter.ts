import type { EventEmitter } from 'node:events';
import { BossmanError, messageOf, warn } from '../errors';
import type { BossmanEvents, Teller } from '../events';
import type { Origin } from '../time/origin';
import type { Time } from '../time/time';
import { heardChannel } from './trace';

/** ms after which an affected job or connection that has not failed again no longer keeps an episode open. */
const LAPSE = 5000;

/**
 * Reports through an emitter's events. A listener that throws, or a missing listener, never harms the caller.
 *
 * Errors with a topic are grouped into episodes, one per topic and kind of refusal. The first error starts an episode
 * and is reported; later errors only note what they affect; the episode ends once the topic has worked for all of
 * these.
 */
export class Reporter implements Teller {
  /** By `TOPIC KIND`: the time of the last error of each job or connection that has not worked since. */
  private readonly episodes = new Map<string, Map<string, number>>();
  private muted = false;
  private silent = false;

  /**
   * @param instance its id
   * @param origin listeners are called in this context
   */
  constructor(
    private readonly emitter: EventEmitter,
    private readonly instance: () => string,
    private readonly origin: Origin,
    private readonly time: Time,
  ) {}

  hears(event: keyof BossmanEvents): boolean {
    return !this.silent && (this.emitter.listenerCount(event) > 0 || heardChannel(event) !== undefined);
  }

  tell<E extends keyof BossmanEvents>(event: E, ...payload: BossmanEvents[E]): void {
    if (this.silent) return;
    this.origin.call(() => {
      try {
        heardChannel(event)?.publish({ ...payload[0], instance: this.instance() });
        this.emitter.emit(event, ...payload);
      } catch (thrown) {
        this.listenerFailed(event, thrown);
      }
    });
  }

  trouble(error: BossmanError, topic?: string, who = error.job ?? ''): void {
    if (this.silent || (this.muted && topic !== undefined)) return;
    if (topic !== undefined) {
      // Redis' errors start with a word for their kind: OOM, READONLY, NOPERM.
      const kind = error.code === 'COMMAND' ? messageOf(error.cause).split(' ', 1)[0] : '';
      const episode = `${topic} ${kind}`;
      const hit = this.episodes.get(episode);
      if (hit) {
        hit.set(who, this.time.monotonic());
        return;
      }
      this.episodes.set(episode, new Map([[who, this.time.monotonic()]]));
    }
    if (this.hears('error')) this.tell('error', error);
    else this.origin.call(() => warn(error));
  }

  over(topic: string, who?: string): void {
    // Called after every command that worked.
    if (this.episodes.size === 0) return;
    for (const [episode, hit] of this.episodes) {
      if (!episode.startsWith(`${topic} `)) continue;
      if (who === undefined) hit.clear();
      else hit.delete(who);
      // What is retried fails again; anything else was tried only once.
      for (const [other, at] of hit) if (this.time.monotonic() - at > LAPSE) hit.delete(other);
      if (hit.size === 0) this.episodes.delete(episode);
    }
  }

  /** The connections are being closed: errors from here on are expected, and nobody can fix them. */
  mute(): void {
    this.muted = true;
  }

  /** Emits nothing from here on. */
  silence(): void {
    this.silent = true;
  }

  listenerFailed(event: string, thrown: unknown): void {
    const error = new BossmanError(
      'LISTENER',
      `a listener of '${event}' threw: ${messageOf(thrown)}`,
      null,
      thrown,
    );
    if (event === 'error') this.origin.call(() => warn(error));
    else this.trouble(error);
  }
}
