/**
 * The first items of a list that may be long, and how many more there are: `a, b and 3 more`.
 *
 * @param most how many items are shown
 * @param separator `'; '` for items that contain commas: `a; b; and 3 more`
 */
export function listed(items: readonly string[], most: number, separator: ', ' | '; ' = ', '): string {
  const shown = items.slice(0, most).join(separator);
  const more = items.length - most;
  if (more <= 0) return shown;
  return `${shown}${separator === ', ' ? ' ' : separator}and ${more.toLocaleString('en')} more`;
}
