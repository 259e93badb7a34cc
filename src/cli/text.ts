import stringWidth from 'string-width';

/** What a terminal would obey, or be misled by, instead of showing it: controls, line ends, changes of direction. */
const UNSEEN = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;
const ASCII = /^[\x20-\x7e]*$/;

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** Names and messages are anybody's: what cannot be seen in them is written out. */
export function visible(text: string): string {
  return text.replace(UNSEEN, (found) => {
    const [, escaped = ''] = /^"(\\.)"$/.exec(JSON.stringify(found)) ?? [];
    return escaped || `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

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

/** `1 job`, `2 jobs` */
export function counted(count: number, noun: string): string {
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;
}
