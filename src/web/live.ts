import { BossmanError } from '../errors';
import { bellsIn } from '../hints/bell';
import type { InstanceInfo } from '../info';
import { after, cancel, each, macrotask, monotonicMs, type Timer } from '../time/timers';
import { turns } from '../time/turns';
import type { AliveEvent, ChangedEvent, FleetReply, JobSummary, ReadyEvent } from './api';
import { eventOf, type Tab } from './event-stream';
import type { Source } from './source';
import { Strips } from './strips';
import { fingerprint, summaryOf } from './summaries';

/** ms for which a picture may be used to answer requests. */
const FRESH = 1000;
/** ms for which bells are collected before the next look. */
const COLLECT = 100;
/** Minimum ms from the end of a look to the next one; or, if that is more, this many times the duration of a look. */
const GAP = 1000;
const GAPS = 10;
/** ms between looks while a job is running, because no bell reports the end of a run: the first wait, and the longest. */
const RUNNING = { first: 500, longest: 5000 };
/** ms between looks while no bell rings, because an instance that was killed rings none. */
const IDLE = 15_000;
/**
 * ms between two events `alive`. A tab that receives none concludes that its connection is dead. Bun closes a silent connection
 * after 10 s, and proxies after a minute.
 */
const ALIVE = 8000;
/** ms that a request, or a look for the tabs, waits for Redis. */
export const ANSWER_WITHIN = 10_000;
/** The most jobs that one event describes; if more changed, tabs load everything again. */
const MOST_CHANGED = 200;
/** The tabs that are sent a change in one turn of the event loop: each costs some 0.1 ms. */
const TABS_A_TURN = 16;
/** The most tabs that may be open at a time. */
export const MOST_TABS = 1000;

/** The state of the fleet at one moment. */
export interface Picture {
  now: number;
  /** Sorted by name. */
  jobs: JobSummary[];
  instances: InstanceInfo[];
  /** Why instances could not answer; null if they could, so that the list is complete. */
  silence: string | null;
}

/**
 * Reads the fleet once for all open tabs, and sends them the changes. A reading is called a look. The next look comes after a
 * bell, soon while a job is running, and otherwise every 15 s. While no tab is open, it neither listens nor sends anything.
 */
export class Live {
  private readonly tabs = new Map<Tab, { missed: boolean }>();
  private readonly strips: Strips;
  private picture: Picture | null = null;
  /** The fingerprint of each job in the last look. */
  private prints = new Map<string, string>();
  private looking: Promise<Picture> | null = null;
  /** When the last look began and ended, on the monotonic clock. */
  private beganAt = Number.NEGATIVE_INFINITY;
  private endedAt = Number.NEGATIVE_INFINITY;
  /** Whether a bell has rung, or an action was performed, since the last look began. */
  private stale = true;
  /** Whether the last look succeeded. */
  private isTaken = false;
  /** Whether the tabs were told that Redis does not answer. */
  private isStale = false;
  private wait: number = RUNNING.first;
  private timer: Timer | null = null;
  private pulse: Timer | null = null;
  private unlisten: (() => void) | null = null;

  constructor(private readonly source: Source) {
    this.strips = new Strips(source);
  }

  /** The state of the fleet, at most a second old. */
  async fresh(): Promise<Picture> {
    const { picture } = this;
    const isFresh = monotonicMs() - this.beganAt < FRESH && !this.stale;
    return picture && isFresh ? picture : this.look();
  }

  /** The state of the fleet and one of its jobs. Looks again if the job is missing in the last picture. */
  async withJob(name: string): Promise<Picture & { job: JobSummary | null }> {
    const jobIn = ({ jobs }: Picture) => jobs.find((one) => one.name === name) ?? null;
    const seen = await this.fresh();
    const picture = jobIn(seen) ? seen : await this.afterwards();
    return { ...picture, job: jobIn(picture) };
  }

  /** The state of the fleet after an action. */
  async afterwards(): Promise<Picture> {
    this.stale = true;
    // A look in progress may have read Redis before the action.
    await this.looking?.catch(() => {});
    return this.look();
  }

  /** How many of the recent runs each instance ran. */
  shares(): FleetReply['shares'] {
    return this.strips.shares();
  }

  get isFull(): boolean {
    return this.tabs.size >= MOST_TABS;
  }

  /** @returns a function to call when the tab has gone */
  join(tab: Tab): () => void {
    this.tabs.set(tab, { missed: false });
    tab.send(eventOf('ready', { now: this.moment, aliveMs: ALIVE } satisfies ReadyEvent));
    if (this.tabs.size === 1) this.begin();
    else if (this.isStale) tab.send(this.alive);
    return () => {
      if (this.tabs.delete(tab) && this.tabs.size === 0) this.rest();
    };
  }

  /** Ends all event streams. */
  close(): void {
    for (const tab of [...this.tabs.keys()]) tab.end();
  }

  private begin(): void {
    this.isStale = false;
    this.unlisten = this.source.listen((message) => this.heard(message));
    this.pulse = each(ALIVE, () => {
      if (this.looking && monotonicMs() - this.beganAt > ANSWER_WITHIN) this.isStale = true;
      this.beat();
    });
    this.pulse.unref();
    this.plan();
  }

  /** Sends `alive` to every tab. */
  private beat(): void {
    const { alive } = this;
    const everything = everythingAt(this.moment);
    for (const [tab, state] of this.tabs) {
      if (state.missed) state.missed = !tab.send(everything);
      else tab.send(alive);
    }
  }

  private get alive(): Uint8Array {
    return eventOf('alive', { now: this.moment, isStale: this.isStale } satisfies AliveEvent);
  }

  /** When the picture was taken. */
  private get moment(): number {
    return this.picture?.now ?? Date.now();
  }

  private rest(): void {
    this.unlisten?.();
    cancel(this.pulse);
    cancel(this.timer);
    this.unlisten = this.pulse = this.timer = null;
  }

  private heard(message: string): void {
    // Roll calls change nothing; each look makes one itself.
    if (
      this.stale ||
      bellsIn(message).every(({ kind }) => kind === 'who' || kind === 'roll' || kind === 'here')
    )
      return;
    this.stale = true;
    this.wait = RUNNING.first;
    this.plan();
  }

  /** Sets the timer for the next look. */
  private plan(): void {
    if (this.tabs.size === 0 || this.looking) return;
    cancel(this.timer);
    const took = this.endedAt - this.beganAt;
    const isRunning = this.picture?.jobs.some(({ running }) => running !== null) ?? true;
    const rest = this.stale ? COLLECT : isRunning ? this.wait : IDLE;
    const pause = Math.min(IDLE, Math.max(GAP, GAPS * took)) - (monotonicMs() - this.endedAt);
    if (isRunning) this.wait = Math.min(2 * this.wait, RUNNING.longest);
    this.timer = after(Math.max(rest, Number.isFinite(pause) ? pause : 0), () => {
      // The source reports the error, and tabs get it when they next send a request. After a quit, the tabs are closed.
      this.look().catch((error: unknown) => {
        if (error instanceof BossmanError && error.code === 'QUIT') this.close();
        else if (!this.isStale) {
          this.isStale = true;
          this.beat();
        }
      });
    });
    this.timer.unref();
  }

  /** Starts a look, or joins the one in progress. */
  private look(): Promise<Picture> {
    this.looking ??= this.take().finally(() => {
      // A look that failed leaves an outdated picture.
      if (!this.isTaken) this.stale = true;
      this.looking = null;
      this.endedAt = monotonicMs();
      this.plan();
    });
    return this.looking;
  }

  private async take(): Promise<Picture> {
    this.beganAt = monotonicMs();
    this.stale = this.isTaken = false;
    const { now, jobs, instances, silence } = await this.source.look();
    const strips = await this.strips.read(jobs);
    const before = this.picture;
    const prints = new Map<string, string>();
    const changed: JobSummary[] = [];
    const summaries: JobSummary[] = [];
    for (const job of jobs) {
      // In slices, because there may be thousands of jobs, and the process may have some to start.
      await turns.call(() => {
        const summary = summaryOf(job, strips.get(job.name)?.recent ?? [], now);
        const print = fingerprint(summary);
        prints.set(job.name, print);
        summaries.push(summary);
        if (this.prints.get(job.name) !== print) changed.push(summary);
      });
    }
    const gone = [...this.prints.keys()].filter((name) => !prints.has(name));
    this.prints = prints;
    this.picture = { now, jobs: summaries, instances, silence };
    this.isTaken = true;
    // After an outage, tabs load everything again, because their requests may have failed.
    const all = this.isStale;
    this.isStale = false;
    if (all || before) {
      const fleet = before === null || differ(before.instances, instances);
      await this.tell({ now, jobs: changed, gone, all, fleet });
    }
    return this.picture;
  }

  private async tell(event: ChangedEvent): Promise<void> {
    const count = event.jobs.length + event.gone.length;
    if (count === 0 && !event.fleet && !event.all) return;
    const everything = everythingAt(event.now);
    const change = event.all || count > MOST_CHANGED ? everything : eventOf('changed', event);
    let sent = 0;
    for (const [tab, state] of this.tabs) {
      state.missed = !tab.send(state.missed ? everything : change);
      sent += 1;
      // The process may have jobs to start meanwhile.
      if (sent % TABS_A_TURN === 0) await macrotask();
    }
  }
}

/** The event that makes a tab load everything again. */
function everythingAt(now: number): Uint8Array {
  return eventOf('changed', { now, jobs: [], gone: [], all: true, fleet: true } satisfies ChangedEvent);
}

function differ(before: readonly InstanceInfo[], now: readonly InstanceInfo[]): boolean {
  const idsOf = (instances: readonly InstanceInfo[]) =>
    instances
      .map(
        ({ id, jobs, running }) =>
          `${id} ${jobs.length} ${running.map(({ job, since }) => `${job}@${since}`)}`,
      )
      .join();
  return idsOf(before) !== idsOf(now);
}
