import stringWidth from 'string-width';
import { visible } from '../telling/visible';

const ASCII = /^[\x20-\x7e]*$/;

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** A name within a sentence. */
export function quoted(name: string): string {
  return `'${visible(name)}'`;
}

/** Columns that a text without escape sequences takes on a terminal. */
export function widthOf(text: string): number {
  return ASCII.test(text) ? text.length : stringWidth(text);
}

/** Not wider than so many columns; where something is missing, `…` says so. */
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

/** Items that a list of names shows. */
const SHOWN = 5;

/** `'a', 'b' and 3 more` */
export function listOf(names: readonly string[]): string {
  const more = names.length - SHOWN;
  const listed = names.slice(0, SHOWN).map(quoted).join(', ');
  return more > 0 ? `${listed} and ${more.toLocaleString('en')} more` : listed;
}

/** `1 job`, `2 jobs` */
export function counted(count: number, noun: string): string {
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;
}
