import stringWidth from 'string-width';
import { listed } from '../telling/listed';
import { visible } from '../telling/visible';

const ASCII = /^[\x20-\x7e]*$/;

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** A name in quotes, with invisible characters escaped. */
export function quoted(name: string): string {
  return `'${visible(name)}'`;
}

/** The number of terminal columns that a text without escape sequences takes. */
export function widthOf(text: string): number {
  return ASCII.test(text) ? text.length : stringWidth(text);
}

/** Cuts a text to at most `width` columns; `…` marks a cut. */
export function cut(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let kept = '';
  let rest = width - 1;
  for (const { segment } of graphemes.segment(text)) {
    rest -= widthOf(segment);
    if (rest < 0) break;
    kept += segment;
  }
  return `${kept}…`;
}

/** How many items of a list one line shows. */
const SHOWN = 5;

/** `'a', 'b' and 3 more` */
export function listOf(names: readonly string[]): string {
  return listed(names.map(quoted), SHOWN);
}

/** `a; b; and 3 more`, for items that contain commas. */
export function several(items: readonly string[]): string {
  return listed(items, SHOWN, '; ');
}

/** `1 job`, `2 jobs` */
export function counted(count: number, noun: string): string {
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;
}
