import { hostname } from 'node:os';
import type { Job } from '../job';
import { BEGINS_WITHIN, covers, type Pause, pauseInfo } from '../redis/pause-records';
import { FIRED } from '../scripts/generated';
import type { PauseSettings } from '../settings';
import type { Part, Shared } from '../shared';
import { Alarms } from '../time/alarms';
import { SYNC } from '../time/retry';
import { turns } from '../time/turns';

/** ms between two requests that are caused by hints: there may be hundreds of hints per second. */
const ASK_AGAIN = 50;
/** The most jobs not hired here for which a request waits, or a pause is remembered. */
const MOST_ASKED = 1000;
const MOST_OTHERS = 10_000;

/**
 * What this instance knows about paused jobs, hired here or not. The claim script decides whether a slot runs. This knowledge
 * is used to release a slot that was won just before the pause, to emit the events, and to restore pauses in an emptied Redis.
 */
export class PausedJobs implements Part {
  private readonly known = new Map<string, Pause>();
  /** Names for which `pause` was emitted, and `resume` not yet. */
  private readonly told = new Set<string>();
  private readonly ends: Alarms;
  private readonly questions = new Set<string>();
  /** The names in `questions` whose data was deleted, according to a bell. */
  private readonly forgotten = new Set<string>();
  private isAsking = false;
  private readonly by = `${hostname()}:${process.pid}`;

  constructor(
    private readonly shared: Shared,
    private readonly on: {
      /** The pause of a job that is hired here has begun, or has ended. */
      changed: (job: Job, isPaused: boolean) => void;
    },
  ) {
    this.ends = new Alarms(
      () => shared.clock.now(),
      (name) => this.ended(name, null),
      shared.time,
    );
  }

  async pause(name: string, { end, note }: PauseSettings): Promise<void> {
    const info = pauseInfo(this.by, note, false);
    const { pause } = await this.shared.store.pause(name, end, info, this.shared.store.nextSequence());
    this.learn(name, pause);
    // By then, an instance that has just won a slot has heard of the pause or has begun the run.
    await this.shared.pauses.brief(BEGINS_WITHIN);
  }

  async resume(name: string): Promise<void> {
    const info = pauseInfo(this.by, null, true);
    const { pause } = await this.shared.store.resume(name, info, this.shared.store.nextSequence());
    this.learn(name, pause);
  }

  /** The last pause or resume that is known of a job. */
  of(name: string): Pause | null {
    return this.known.get(name) ?? null;
  }

  /** Whether the slot falls into a known pause of the job. */
  covers(name: string, slot: number): boolean {
    return this.known.size > 0 && covers(this.known.get(name), slot);
  }

  /** Whether the job was paused after the slot was won, at `wonAt` on Redis' clock. */
  stops(name: string, slot: number, wonAt: number): boolean {
    return this.covers(name, slot) && (this.of(name)?.stamp ?? 0) >= Math.floor(wonAt);
  }

  /**
   * Learns the pause that Redis stores for a job.
   *
   * @returns whether this instance knows a later one: then Redis has lost it
   */
  learn(name: string, stored: Pause | null): boolean {
    const known = this.of(name);
    if (!stored || (known && stored.stamp <= known.stamp))
      return known !== null && known.stamp !== stored?.stamp;
    this.keep(name, stored);
    if (stored.ends <= this.shared.clock.now()) {
      this.ended(name, stored.resumed ? stored.by : null);
      return false;
    }
    if (stored.ends < FIRED) this.ends.set(name, stored.ends);
    else this.ends.clear(name);
    this.told.add(name);
    this.tellPaused(name, stored);
    const job = this.shared.jobs.get(name);
    if (job) this.on.changed(job, true);
    return false;
  }

  /** A hint says that a pause has changed. Asks Redis, once for all hints that arrive together. */
  ask(name: string, isForgotten = false): void {
    if (!this.shared.jobs.has(name) && this.questions.size >= MOST_ASKED) return;
    this.questions.add(name);
    if (isForgotten) this.forgotten.add(name);
    if (!this.isAsking) void this.askAll();
  }

  /** An instance stored a plan: perhaps Redis was emptied, and no instance that hires the job knows that it is paused. */
  armed(name: string): void {
    if (this.known.size > 0 && this.known.has(name)) this.ask(name);
  }

  /** Redis was unreachable: restores lost pauses of jobs that are not hired here. Hired jobs are restored by their sync. */
  restoreAll(): void {
    turns.each(this.known.entries(), ([name, pause]) => {
      if (!this.shared.jobs.has(name) && !this.shared.pauses.stopped) void this.restore(name, pause);
    });
  }

  /** The job was forgotten. */
  forget(name: string): void {
    this.drop(name);
    this.questions.delete(name);
  }

  clockJumped(): void {
    this.ends.realign();
  }

  stop(): void {
    this.ends.stop();
  }

  private keep(name: string, pause: Pause): void {
    this.known.delete(name);
    this.known.set(name, pause);
    if (this.known.size <= this.shared.jobs.size + MOST_OTHERS) return;
    for (const other of this.known.keys()) {
      if (this.shared.jobs.has(other)) continue;
      this.drop(other);
      break;
    }
  }

  private drop(name: string): void {
    this.known.delete(name);
    this.told.delete(name);
    this.ends.clear(name);
  }

  /** @param by null: the pause reached its end */
  private ended(name: string, by: string | null): void {
    this.ends.clear(name);
    const isNews = this.told.delete(name);
    const since = this.of(name)?.since ?? 0;
    if (isNews && this.shared.teller.hears('resume'))
      this.shared.teller.tell('resume', { job: name, since, by });
    const job = this.shared.jobs.get(name);
    if (job) this.on.changed(job, false);
  }

  private tellPaused(name: string, { since, ends, by, note }: Pause): void {
    if (!this.shared.teller.hears('pause')) return;
    this.shared.teller.tell('pause', { job: name, since, until: ends < FIRED ? ends : null, note, by });
  }

  private async askAll(): Promise<void> {
    const { store, clock, retries, pauses } = this.shared;
    this.isAsking = true;
    do {
      const names = [...this.questions];
      this.questions.clear();
      const send = async () => {
        // An instance that has hired nothing has not read the clock yet.
        if (!clock.known) await store.readClock();
        return store.pausesOf(names);
      };
      const found = await retries.until('look for a pause', names[0] ?? '', send, { waits: SYNC });
      for (const [at, pause] of (found ?? []).entries()) this.answered(names[at] ?? '', pause);
    } while ((await pauses.pause(ASK_AGAIN)) && this.questions.size > 0);
    this.isAsking = false;
  }

  private answered(name: string, stored: Pause | null): void {
    const isForgotten = this.forgotten.delete(name) && !stored && !this.shared.jobs.has(name);
    if (isForgotten) this.drop(name);
    else if (this.learn(name, stored)) void this.restore(name, this.of(name));
  }

  private async restore(name: string, pause: Pause | null): Promise<void> {
    const send = () => this.shared.store.restore(name, null, pause);
    const stored = await this.shared.retries.until('look for a pause', name, send, { waits: SYNC });
    if (stored) this.learn(name, stored.pause);
  }
}
