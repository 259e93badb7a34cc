/**
 * Characters that a terminal or browser obeys, hides or reorders instead of showing: control characters (C0, DEL, C1),
 * line and paragraph separators, bidirectional controls, zero-width and tag characters, fillers, variation selectors,
 * and lone surrogates. Uses Unicode properties, so that later versions of Unicode are covered.
 *
 * @see https://www.unicode.org/reports/tr44/#Default_Ignorable_Code_Point
 */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/** Invisible parts of an emoji: the variation selector, and the joiner between two emoji. */
const IN_EMOJI =
  /(?<=\p{Extended_Pictographic})[\ufe0e\ufe0f]|(?<=\p{Extended_Pictographic}[\ufe0f\p{Emoji_Modifier}]?)\u200d(?=\p{Extended_Pictographic})/u;

const IN_EMOJI_OR_UNSEEN = new RegExp(`${IN_EMOJI.source}|(${UNSEEN.source})`, 'gu');

/** Visible ASCII, which most texts consist of. */
const PLAIN = /^[\x20-\x7e]*$/;

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/**
 * Escapes the invisible characters of a text: `\n`, `\u202e`, and a surrogate pair above U+FFFF, as in JSON. Names,
 * errors, hosts and plans come from outside, so each is escaped before it is shown. Applying it twice has
 * no further effect.
 */
export function visible(text: string): string {
  if (PLAIN.test(text)) return text;
  return text.replace(IN_EMOJI_OR_UNSEEN, (found, unseen?: string) =>
    unseen === undefined ? found : escaped(unseen),
  );
}

/** The JSON of a value on one line, with the same characters escaped: it parses to the same value. */
export function visibleJson(value: unknown): string {
  return JSON.stringify(value).replace(UNSEEN, escaped);
}

/** One `\uXXXX` for each UTF-16 code unit. */
function escaped(character: string): string {
  const short = SHORT[character];
  if (short !== undefined) return short;
  const units = Array.from({ length: character.length }, (_, at) => character.charCodeAt(at));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
}
