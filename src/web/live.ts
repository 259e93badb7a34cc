import { BossmanError } from '../errors';
import { bellsIn } from '../hints/bell';
import type { InstanceInfo } from '../info';
import { after, cancel, each, monotonicMs, type Timer } from '../time/timers';
import { turns } from '../time/turns';
import type { ChangedEvent, FleetReply, JobSummary } from './api';
import type { Tab } from './event-stream';
import type { Source } from './source';
import { Strips } from './strips';
import { fingerprint, summaryOf } from './summaries';

/** ms after which a picture is too old to answer a request with. */
const FRESH = 1000;
/** ms for which bells are collected before the fleet is looked at. */
const COLLECT = 100;
/** ms from the end of a look to the next one, at least; in a fleet in which a look takes long, so many times that. */
const GAP = 1000;
const GAPS = 10;
/** ms between looks while something runs, as no bell tells that a run ends: the first, and the longest. */
const RUNNING = { first: 500, longest: 5000 };
/** ms between looks while nothing is heard: an instance that was killed rings no bell. */
const IDLE = 15_000;
/** ms between signs of life: Bun closes a connection after 10 s of silence, and proxies after a minute. */
const KEEP_ALIVE = 8000;
/** Jobs that one event describes; more are read anew. */
const MOST_CHANGED = 200;
/** Open tabs; more are refused. */
export const MOST_TABS = 1000;

/** The fleet as it was at one moment. */
export interface Picture {
  now: number;
  /** By name. */
  jobs: JobSummary[];
  instances: InstanceInfo[];
  /** Why no instance answered although some may be there; null: those that answered are all. */
  silence: string | null;
}

/**
 * What the open tabs see. All of them share one look at the fleet. It is taken when the bell has rung, soon again while
 * something runs, and now and then besides; with no tab open nothing is heard and nothing is sent.
 */
export class Live {
  private readonly tabs = new Map<Tab, { missed: boolean }>();
  private readonly strips: Strips;
  private picture: Picture | null = null;
  /** By job. */
  private prints = new Map<string, string>();
  private looking: Promise<Picture> | null = null;
  /** When the last look began and ended, on the monotonic clock. */
  private beganAt = Number.NEGATIVE_INFINITY;
  private endedAt = Number.NEGATIVE_INFINITY;
  /** A bell has rung, or we have done something, since the last look began. */
  private stale = true;
  /** The last look succeeded. */
  private isTaken = false;
  private wait: number = RUNNING.first;
  private timer: Timer | null = null;
  private pulse: Timer | null = null;
  private unlisten: (() => void) | null = null;

  constructor(private readonly source: Source) {
    this.strips = new Strips(source);
  }

  /** The fleet as it is, or was within the last second. */
  async fresh(): Promise<Picture> {
    const { picture } = this;
    const isFresh = monotonicMs() - this.beganAt < FRESH && !this.stale;
    return picture && isFresh ? picture : this.look();
  }

  /** The fleet as it is, looked at once more if it does not seem to have the job. */
  async withJob(name: string): Promise<Picture & { job: JobSummary | null }> {
    const jobIn = ({ jobs }: Picture) => jobs.find((one) => one.name === name) ?? null;
    const seen = await this.fresh();
    const picture = jobIn(seen) ? seen : await this.afterwards();
    return { ...picture, job: jobIn(picture) };
  }

  /** The fleet after something was done to it. */
  async afterwards(): Promise<Picture> {
    this.stale = true;
    // One that is under way may have read before.
    await this.looking?.catch(() => {});
    return this.look();
  }

  /** Who ran the last runs of all jobs. */
  shares(): FleetReply['shares'] {
    return this.strips.shares();
  }

  get isFull(): boolean {
    return this.tabs.size >= MOST_TABS;
  }

  /** @returns to be called when it has gone */
  join(tab: Tab): () => void {
    this.tabs.set(tab, { missed: false });
    tab.send('ready', JSON.stringify({ now: this.picture?.now ?? Date.now() }));
    if (this.tabs.size === 1) this.begin();
    return () => {
      if (this.tabs.delete(tab) && this.tabs.size === 0) this.rest();
    };
  }

  /** Ends all event streams. */
  close(): void {
    for (const tab of [...this.tabs.keys()]) tab.end();
  }

  private begin(): void {
    this.unlisten = this.source.listen((message) => this.heard(message));
    this.pulse = each(KEEP_ALIVE, () => {
      for (const [tab, state] of this.tabs) {
        if (state.missed) state.missed = !tab.send('changed', everythingAt(this.picture?.now ?? Date.now()));
        else tab.keepAlive();
      }
    });
    this.pulse.unref();
    this.plan();
  }

  private rest(): void {
    this.unlisten?.();
    cancel(this.pulse);
    cancel(this.timer);
    this.unlisten = this.pulse = this.timer = null;
  }

  private heard(message: string): void {
    // The question of a roll call, such as our own look asks, changes nothing.
    if (
      this.stale ||
      bellsIn(message).every(({ kind }) => kind === 'who' || kind === 'roll' || kind === 'here')
    )
      return;
    this.stale = true;
    this.wait = RUNNING.first;
    this.plan();
  }

  /** Sets the alarm of the next look. */
  private plan(): void {
    if (this.tabs.size === 0 || this.looking) return;
    cancel(this.timer);
    const took = this.endedAt - this.beganAt;
    const isRunning = this.picture?.jobs.some(({ running }) => running !== null) ?? true;
    const rest = this.stale ? COLLECT : isRunning ? this.wait : IDLE;
    const pause = Math.min(IDLE, Math.max(GAP, GAPS * took)) - (monotonicMs() - this.endedAt);
    if (isRunning) this.wait = Math.min(2 * this.wait, RUNNING.longest);
    this.timer = after(Math.max(rest, Number.isFinite(pause) ? pause : 0), () => {
      // Reported by the source, and to the tabs when they ask. After a quit there is nothing to see.
      this.look().catch((error: unknown) => {
        if (error instanceof BossmanError && error.code === 'QUIT') this.close();
      });
    });
    this.timer.unref();
  }

  /** One look at a time: whoever asks meanwhile gets its picture. */
  private look(): Promise<Picture> {
    this.looking ??= this.take().finally(() => {
      // After a failure, a picture is an old one.
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
      // In slices: there may be thousands, and the process may have jobs to start.
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
    if (before)
      this.tell({ now, jobs: changed, gone, all: false, fleet: differ(before.instances, instances) });
    return this.picture;
  }

  private tell(event: ChangedEvent): void {
    const count = event.jobs.length + event.gone.length;
    if (count === 0 && !event.fleet) return;
    const everything = everythingAt(event.now);
    const text = count > MOST_CHANGED ? everything : JSON.stringify(event);
    for (const [tab, state] of this.tabs) {
      state.missed = !tab.send('changed', state.missed ? everything : text);
    }
  }
}

/** Tells a tab to read everything again. */
function everythingAt(now: number): string {
  const event: ChangedEvent = { now, jobs: [], gone: [], all: true, fleet: true };
  return JSON.stringify(event);
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
