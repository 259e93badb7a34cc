import { Cron } from 'croner';
import { keepNewest, recall } from './newest';

const MAX_CRONS = 100;

/** The fields of a pattern with seconds, and their ranges. */
const FIELDS = [
  ['second', '0-59'],
  ['minute', '0-59'],
  ['hour', '0-23'],
  ['day of month', '1-31, L, LW or 15W'],
  ['month', '1-12 or JAN-DEC'],
  ['day of week', '0-7 or SUN-SAT, FRI#2, FRIL'],
] as const;

/** Consecutive years that include every kind: leap or not, starting on each day of the week. */
const ALL_KINDS_OF_YEARS = '2001-2028';

const crons = new Map<string, Cron>();

/**
 * The pattern on a clock without a zone. The most recently used patterns are shared, because a `Cron` takes 80 kB,
 * whatever its pattern, and about 100 µs to create.
 *
 * @throws what croner throws for an invalid pattern
 */
export function cronOf(fields: string): Cron {
  const known = recall(crons, fields);
  if (known) return known;
  // Without a function, it sets no timer.
  const cron = new Cron(fields, { utcOffset: 0, mode: '5-or-6-parts' });
  keepNewest(crons, fields, cron, MAX_CRONS);
  return cron;
}

/** Whether a valid pattern has a single time of day. */
export function isOnceADay(fields: string): boolean {
  if (fields.startsWith('@')) return fields !== '@hourly';
  return sixFields(fields).slice(0, 3).every(isSingle);
}

/** Whether a valid pattern restricts the day of the month and the day of the week, so that either is enough. */
export function isEitherDay(fields: string): boolean {
  if (fields.startsWith('@')) return false;
  const [, , , day = '', , weekday = ''] = sixFields(fields);
  return !isAny(day) && !isAny(weekday) && !weekday.startsWith('+');
}

/** Whether a valid pattern never matches on any day. Croner itself searches 400 years to find that out. */
export function matchesNoDay(fields: string): boolean {
  if (fields.startsWith('@')) return false;
  const [, , , day = '', month = '', weekday = ''] = sixFields(fields);
  // A month with all its days comes every year.
  if (isAny(month) && !weekday.startsWith('+')) return false;
  const days = `0 0 0 ${day} ${month} ${weekday} ${ALL_KINDS_OF_YEARS}`;
  return new Cron(days, { utcOffset: 0, mode: '7-part' }).nextRun(new Date('2000-12-31')) === null;
}

/** The problem with a pattern of five or six fields, quoted as written; '' if none is found. */
export function problemOf(pattern: string): string {
  const fields = sixFields(pattern.trim());
  if (fields.length !== FIELDS.length) return '';
  for (const [index, field] of fields.entries()) {
    // Check the parts of a list alone and together.
    for (const part of new Set([...field.split(','), field])) {
      const alone = fields.map((_, other) => (other === index ? part.toUpperCase() : '*')).join(' ');
      if (isPattern(alone)) continue;
      const [name, takes] = FIELDS[index] ?? [];
      const step = part.includes('/') ? '; a step follows * or a range' : '';
      return `${name} '${part}' is not valid: ${takes}${step}`;
    }
  }
  return '';
}

function isPattern(fields: string): boolean {
  try {
    cronOf(fields);
    return true;
  } catch {
    return false;
  }
}

function sixFields(pattern: string): string[] {
  const fields = pattern.split(/\s+/);
  return fields.length === 5 ? ['0', ...fields] : fields;
}

function isAny(field: string): boolean {
  return field === '*' || field === '?';
}

/** Whether the field has a single value, which may be written as `2-2`. */
function isSingle(field: string): boolean {
  return /^[\d,-]+$/.test(field) && new Set(field.split(/[,-]/).map(Number)).size === 1;
}
