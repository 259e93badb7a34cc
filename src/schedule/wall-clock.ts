import type { Cron } from 'croner';
import { keepNewest, recall } from './newest';

const SECOND = 1000;
const HOUR = 3_600_000;
/** The largest offset of any zone from UTC. */
const MAX_OFFSET = 16 * HOUR;
/** No zone changes its offset twice within this time, or by this much. */
const CALM = 48 * HOUR;
/** A pattern whose matches all fall into gaps for 50 years never matches: every kind of year comes within 40. */
const PATIENCE = 50 * 365.25 * 24 * HOUR;

const MAX_FORMATS = 50;
const formats = new Map<string, Intl.DateTimeFormat>();

/**
 * The slots of a cron pattern in a time zone. Croner only computes matches on a clock without a zone; converting them
 * to the zone's clock is done here. Croner itself loses a single time of day in a gap that ends on another day, and
 * tries every second of a gap, which takes minutes for a pattern that matches only in gaps.
 */
export class WallClock {
  /**
   * @param cronOf the pattern in UTC; called each time, so that it may be shared and dropped
   * @param tz a valid IANA time zone
   * @param once the pattern has a single time of day
   */
  constructor(
    private readonly cronOf: () => Cron,
    private readonly tz: string,
    private readonly once: boolean,
  ) {}

  /** The first slot after `after`, in ms since the epoch; null if there is none. */
  next(after: number): number | null {
    const from = Math.floor(after / SECOND) * SECOND + SECOND;
    return this.once ? this.nextOnce(from) : this.nextShown(from);
  }

  /** The last slot at or before `before`; null if there is none. */
  previous(before: number): number | null {
    const from = Math.floor(before / SECOND) * SECOND;
    return this.once ? this.previousOnce(from) : this.previousShown(from);
  }

  private nextOnce(from: number): number | null {
    // A gap may end at this second, and a repeated hour shows the same time again.
    const shown = from + Math.min(this.offset(from - SECOND), this.offset(from));
    for (let wall = this.matchFrom(shown); wall !== null; wall = this.matchFrom(wall + 1)) {
      const slot = this.reaches(wall);
      if (slot >= from) return slot;
    }
    return null;
  }

  private previousOnce(from: number): number | null {
    for (let wall = this.matchTo(from + MAX_OFFSET); wall !== null; wall = this.matchTo(wall - 1)) {
      const slot = this.reaches(wall);
      if (slot <= from) return slot;
    }
    return null;
  }

  /** The first moment at which the clock shows `wall` or a later time: the end of the gap if it never shows `wall`. */
  private reaches(wall: number): number {
    const [start, end] = [wall - MAX_OFFSET, wall + MAX_OFFSET];
    const slot = wall - this.offset(start);
    const change = this.changeAfter(start, end);
    return change === null || slot < change ? slot : Math.max(change, wall - this.offset(end));
  }

  /** The first moment from `start` on at which the clock shows a match. */
  private nextShown(start: number): number | null {
    for (let from = start; from < start + PATIENCE; ) {
      const offset = this.offset(from);
      const wall = this.matchFrom(from + offset);
      if (wall === null) return null;
      const slot = wall - offset;
      const change = this.changeAfter(from, Math.min(slot, from + CALM));
      if (change !== null) from = change;
      else if (slot <= from + CALM) return slot;
      // The clock goes back by less than CALM, so it shows no match until it is near this one.
      else from = Math.max(from + HOUR, wall - 2 * MAX_OFFSET);
    }
    return null;
  }

  /** The last moment up to `start` at which the clock shows a match. */
  private previousShown(start: number): number | null {
    for (let from = start; from > start - PATIENCE; ) {
      const offset = this.offset(from);
      const wall = this.matchTo(from + offset);
      if (wall === null) return null;
      const slot = wall - offset;
      const change = this.changeAfter(Math.max(slot, from - CALM), from);
      if (change !== null) from = change - SECOND;
      else if (slot >= from - CALM) return slot;
      else from = Math.min(from - HOUR, wall + 2 * MAX_OFFSET);
    }
    return null;
  }

  /** When the offset changes, after `start` and up to `end`; at most one change lies between them. */
  private changeAfter(start: number, end: number): number | null {
    const before = this.offset(start);
    if (this.offset(end) === before) return null;
    let [low, high] = [start, end];
    while (high - low > SECOND) {
      const middle = low + Math.floor((high - low) / 2 / SECOND) * SECOND;
      if (this.offset(middle) === before) low = middle;
      else high = middle;
    }
    return high;
  }

  private matchFrom(wall: number): number | null {
    return (
      this.cronOf()
        .nextRun(new Date(wall - 1))
        ?.getTime() ?? null
    );
  }

  private matchTo(wall: number): number | null {
    // Croner looks strictly before its reference.
    const [match] = this.cronOf().previousRuns(1, new Date(wall + 1));
    return match?.getTime() ?? null;
  }

  /** How far the clock is ahead of UTC, in ms; `time` is a whole second. */
  private offset(time: number): number {
    // formatToParts would be safer, but is three times slower; in this locale the text is '3/29/2026, 01:00:00' in
    // every version.
    const numbers = formatOf(this.tz).format(time).match(/\d+/g) ?? [];
    const [month = 0, day = 0, year = 0, hour = 0, minute = 0, second = 0] = numbers.map(Number);
    return Date.UTC(year, month - 1, day, hour, minute, second) - time;
  }
}

function formatOf(tz: string): Intl.DateTimeFormat {
  const known = recall(formats, tz);
  if (known) return known;
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: tz,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  keepNewest(formats, tz, format, MAX_FORMATS);
  return format;
}
