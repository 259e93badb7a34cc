/** The lines of a screen, with escape sequences for colours. */
export type Frame = readonly string[];

const CHARACTER = 7.8;
const LINE = 19;
const MARGIN = 14;

/** SGR codes that the command line uses, and the classes of the picture. */
const CLASSES: Record<string, string> = { 1: 'b', 2: 'd', 31: 'r', 32: 'g', 33: 'y', 36: 'c' };

/** An animated SVG: a frame a second, from the start again. Lines that never change are drawn once. */
export function recordingOf(
  frames: readonly Frame[],
  { columns, rows, title }: { columns: number; rows: number; title: string },
): string {
  const [first = []] = frames;
  const still = first.map((line, row) => frames.every((frame) => frame[row] === line));
  const width = Math.ceil(columns * CHARACTER + 2 * MARGIN);
  const height = rows * LINE + 2 * MARGIN;
  const moving = frames.map(
    (frame, at) =>
      `<g class="f" style="animation-delay:${at}s">${drawn(frame, (row) => still[row] !== true)}</g>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="watch-title">
<title id="watch-title">${escaped(title)}</title>
<style>
text { font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; white-space: pre; fill: #1f2328 }
.page { fill: #f6f8fa; stroke: #d1d9e0 } .b { font-weight: 700 } .d { fill: #59636e } .r { fill: #d1242f } .g { fill: #1a7f37 } .y { fill: #9a6700 } .c { fill: #0969da }
@media (prefers-color-scheme: dark) { text { fill: #f0f6fc } .page { fill: #151b23; stroke: #3d444d } .d { fill: #9198a1 } .r { fill: #f85149 } .g { fill: #3fb950 } .y { fill: #d29922 } .c { fill: #4493f8 } }
.f { visibility: hidden; animation: f ${frames.length}s step-end infinite }
@keyframes f { 0% { visibility: visible } ${(100 / frames.length).toFixed(4)}%, 100% { visibility: hidden } }
@media (prefers-reduced-motion: reduce) { .f { animation: none } .f:last-of-type { visibility: visible } }
</style>
<rect class="page" x=".5" y=".5" width="${width - 1}" height="${height - 1}" rx="8"/>
${drawn(first, (row) => still[row] === true)}
${moving.join('\n')}
</svg>
`;
}

function drawn(frame: Frame, isWanted: (row: number) => boolean): string {
  return frame
    .map((line, row) => {
      const y = MARGIN + row * LINE + 14;
      return line !== '' && isWanted(row)
        ? `<text x="${MARGIN}" y="${y}" xml:space="preserve">${coloured(line)}</text>`
        : '';
    })
    .join('');
}

/** A span for each run of characters of one colour. */
function coloured(line: string): string {
  const [plain = '', ...parts] = line.split('\x1b');
  let classes: string[] = [];
  const spans = parts.map((part) => {
    const [sequence = '', codes = ''] = /^\[([\d;]*)m/.exec(part) ?? [];
    const isOver = codes.split(';').some((code) => ['', '0', '22', '39'].includes(code));
    classes = isOver ? [] : [...classes, ...codes.split(';').flatMap((code) => CLASSES[code] ?? [])];
    const text = escaped(part.slice(sequence.length));
    return text === '' || classes.length === 0 ? text : `<tspan class="${classes.join(' ')}">${text}</tspan>`;
  });
  return escaped(plain) + spans.join('');
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
