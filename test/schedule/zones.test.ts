import { cronSchedule } from '../../src/schedule/schedule';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** No zone changes its clock twice within it: the shortest time between two changes is three weeks. */
const STEP = 8 * DAY;
const FROM = Date.UTC(2010, 0, 1);
const TO = Date.UTC(2031, 0, 1);
const WEEKDAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];

/** The clock of one zone, by Intl and by nothing of ours; a time on it is in ms, as if it were UTC. */
class Oracle {
  private readonly format: Intl.DateTimeFormat;

  constructor(readonly tz: string) {
    this.format = new Intl.DateTimeFormat('sv-SE', { timeZone: tz, dateStyle: 'short', timeStyle: 'medium' });
  }

  wall(time: number): number {
    return Date.parse(`${this.format.format(time).replace(' ', 'T')}Z`);
  }

  changes(): Change[] {
    const changes: Change[] = [];
    let before = this.wall(FROM) - FROM;
    for (let start = FROM; start < TO; start += STEP) {
      const after = this.wall(start + STEP) - start - STEP;
      if (before === after) continue;
      let [low, high] = [start / MINUTE, (start + STEP) / MINUTE];
      while (high - low > 1) {
        const middle = Math.floor((low + high) / 2);
        if (this.wall(middle * MINUTE) - middle * MINUTE === before) low = middle;
        else high = middle;
      }
      changes.push({ oracle: this, at: high * MINUTE, before, after });
      before = after;
    }
    return changes;
  }
}

interface Change {
  oracle: Oracle;
  at: number;
  before: number;
  after: number;
}

interface Minute {
  time: number;
  wall: number;
}

/** Each change of clocks in each zone, but those of zones that have it in common only once. */
function allChanges(): Change[] {
  const changes = Intl.supportedValuesOf('timeZone').flatMap((tz) => new Oracle(tz).changes());
  return [
    ...new Map(changes.map((change) => [`${change.at} ${change.before} ${change.after}`, change])).values(),
  ];
}

/** Each minute around a change, so that all that is skipped or repeated is among them. */
function minutesAround({ at, before, after }: Change): Minute[] {
  const reach = 2 * HOUR + Math.abs(after - before);
  const count = (2 * reach) / MINUTE;
  return Array.from({ length: count }, (_, n) => at - reach + n * MINUTE).map((time) => ({
    time,
    wall: time + (time < at ? before : after),
  }));
}

/** A pattern, and what it matches on the clock. */
interface Sample {
  pattern: string;
  once: boolean;
  matches(wall: Date): boolean;
}

/** Patterns that match near a change: once a day in its middle and at its edges, and more often. */
function samplesAt({ at, before, after }: Change): Sample[] {
  const [low, high] = [Math.min(at + before, at + after), Math.max(at + before, at + after)];
  const middle = Math.floor((low + high) / 2 / MINUTE) * MINUTE;
  const times = [low - MINUTE, low, middle, high - MINUTE, high].map((wall) => new Date(wall));
  const daily = times.map((wall): Sample => {
    const [hour, minute] = [wall.getUTCHours(), wall.getUTCMinutes()];
    return {
      pattern: `${minute} ${hour} * * *`,
      once: true,
      matches: (other) => other.getUTCHours() === hour && other.getUTCMinutes() === minute,
    };
  });
  const day = new Date(middle);
  const [hour, minute] = [day.getUTCHours(), day.getUTCMinutes()];
  const onDay = { hour, minute, date: day.getUTCDate(), weekday: day.getUTCDay() };
  return [
    ...daily,
    {
      pattern: `${minute} ${hour} * * ${WEEKDAYS[onDay.weekday]}`,
      once: true,
      matches: (other) =>
        other.getUTCHours() === hour &&
        other.getUTCMinutes() === minute &&
        other.getUTCDay() === onDay.weekday,
    },
    {
      pattern: `${minute} ${hour} ${onDay.date} * *`,
      once: true,
      matches: (other) =>
        other.getUTCHours() === hour && other.getUTCMinutes() === minute && other.getUTCDate() === onDay.date,
    },
    {
      pattern: '*/20 * * * *',
      once: false,
      matches: (other) => other.getUTCMinutes() % 20 === 0,
    },
    {
      pattern: `${minute} ${hour},${(hour + 7) % 24} * * *`,
      once: false,
      matches: (other) =>
        [hour, (hour + 7) % 24].includes(other.getUTCHours()) && other.getUTCMinutes() === minute,
    },
  ];
}

/** By the rule in the docstring of `cronSchedule`. */
function expectedSlots({ once, matches }: Sample, minutes: Minute[]): number[] {
  if (!once) return minutes.filter(({ wall }) => matches(new Date(wall))).map(({ time }) => time);
  const slots: number[] = [];
  let reached = minutes[0]?.wall ?? 0;
  for (const { time, wall } of minutes) {
    // All times of day that the clock has reached or left out since the minute before, each of them once.
    let isSlot = time === minutes[0]?.time && matches(new Date(wall));
    for (; reached < wall; reached += MINUTE) isSlot ||= matches(new Date(reached + MINUTE));
    if (isSlot) slots.push(time);
  }
  return slots;
}

function slotsAhead(pattern: string, tz: string, from: number, to: number): number[] {
  const schedule = cronSchedule(pattern, tz);
  const slots: number[] = [];
  for (let slot = schedule.next(0, from - 1); slot < to; slot = schedule.next(slot, slot)) slots.push(slot);
  return slots;
}

function slotsBehind(pattern: string, tz: string, from: number, to: number): number[] {
  const schedule = cronSchedule(pattern, tz);
  const slots: number[] = [];
  for (
    let slot = schedule.previous(from - 1, to - 1);
    slot !== null;
    slot = schedule.previous(from - 1, slot - 1)
  ) {
    slots.unshift(slot);
  }
  return slots;
}

const iso = (times: number[]) => times.map((time) => new Date(time).toISOString());

describe('when clocks change', () => {
  it('in any zone, from 2010 to 2030, a pattern has the slots of its rule, forwards and backwards', () => {
    const changes = allChanges();
    expect(changes.length).toBeGreaterThan(300);
    const wrong: unknown[] = [];
    for (const change of changes) {
      const { tz } = change.oracle;
      const minutes = minutesAround(change);
      const [from, to] = [minutes[0]?.time ?? 0, (minutes.at(-1)?.time ?? 0) + MINUTE];
      for (const sample of samplesAt(change)) {
        const expected = iso(expectedSlots(sample, minutes));
        const ahead = iso(slotsAhead(sample.pattern, tz, from, to));
        const behind = iso(slotsBehind(sample.pattern, tz, from, to));
        if (`${ahead}` === `${expected}` && `${behind}` === `${expected}`) continue;
        wrong.push({ pattern: sample.pattern, tz, expected, ahead, behind });
      }
    }
    expect(wrong).toEqual([]);
  });

  it.each([
    ['30 23 * * *', 'America/Nuuk', '2026-03-28T12:00:00Z', '2026-03-29T01:00:00.000Z'],
    ['30 23 * * SAT', 'America/Nuuk', '2026-03-28T12:00:00Z', '2026-03-29T01:00:00.000Z'],
    ['0 12 * * *', 'Pacific/Apia', '2011-12-30T00:00:00Z', '2011-12-30T10:00:00.000Z'],
    ['45 23 * * *', 'Asia/Pyongyang', '2018-05-04T12:00:00Z', '2018-05-04T15:00:00.000Z'],
  ])('%p in %s is due at the end of the gap, if a day ends before its time', (pattern, tz, after, due) => {
    const afterMs = Date.parse(after);
    const schedule = cronSchedule(pattern, tz);
    const slot = schedule.next(afterMs, afterMs);
    expect(iso([slot])).toEqual([due]);
    expect(schedule.next(slot, slot)).toBeGreaterThan(slot + HOUR);
    expect(schedule.previous(afterMs, slot)).toBe(slot);
  });

  it('a slot is found without trying each second of a gap', () => {
    const started = performance.now();
    const afterMs = Date.parse('2026-03-08T00:00:00Z');
    // From 8 March, when there is no such hour, to the next day.
    expect(iso([cronSchedule('* * 2 * * *', 'America/New_York').next(afterMs, afterMs)])).toEqual([
      '2026-03-09T06:00:00.000Z',
    ]);
    expect(performance.now() - started).toBeLessThan(500);
  });
});
