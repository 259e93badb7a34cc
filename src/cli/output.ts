import { randomUUID } from 'node:crypto';
import pc from 'picocolors';
import { visible, visibleJson } from '../telling/visible';

// The one door: nothing else in this folder writes to stdout or stderr, and a test sees to that. What is written is
// escaped here, whoever forgot to do it before; only colours and screen controls of our own pass as they are.

/** picocolors' functions, by colour; without a terminal they change nothing. */
export type Paint = ReturnType<typeof pc.createColors>;

/** Stands for ESC in what `Paint` makes, until it is written. Nobody else can guess it, so no text can colour itself. */
const ESC = '\x1b';
const OWN_ESC = `\ue000${randomUUID()}\ue001`;

/** What the screen of `watch` sends besides its lines. */
const CONTROLS = {
  enter: '\x1b[?1049h\x1b[?25l\x1b[?7l',
  leave: '\x1b[?7h\x1b[?25h\x1b[?1049l',
  home: '\x1b[H',
  clearLine: '\x1b[K',
  clearRest: '\x1b[J',
} as const;

/** Where a command's answer goes: to people, or as JSON to scripts. */
export class Output {
  /** Colours for a terminal, unless NO_COLOR is set and not empty. @see https://no-color.org */
  readonly paint: Paint;

  constructor(readonly json: boolean) {
    this.paint = paintOf(isTerminal() && !process.env.NO_COLOR);
  }

  /** Columns of the terminal; Infinity where there is none. */
  get width(): number {
    return (isTerminal() && process.stdout.columns) || Number.POSITIVE_INFINITY;
  }

  /** Says it to whom it is for: the value as one line of JSON, or the lines, which are only made when they are shown. */
  say(value: unknown, lines: () => readonly string[]): void {
    if (this.json) printJson(value);
    else process.stdout.write(`${lines().map(shown).join('\n')}\n`);
  }
}

/** Whether stdout is a terminal. */
export function isTerminal(): boolean {
  return process.stdout.isTTY === true;
}

/** One line of JSON on stdout. */
export function printJson(value: unknown): void {
  process.stdout.write(`${visibleJson(value)}\n`);
}

/** Why a command ended early, on stderr. */
export function complain(message: string): void {
  process.stderr.write(`bossman: ${visible(message)}\n`);
}

/** Text of several lines that is not ours: what the argument parser says. */
export function printText(text: string, to: 'stdout' | 'stderr'): void {
  process[to].write(text.split('\n').map(visible).join('\n'));
}

/** Columns and rows of the terminal. One that was not told its size says 0. */
export function screenSize(): { columns: number; rows: number } {
  return { columns: process.stdout.columns || 80, rows: process.stdout.rows || 24 };
}

/** @returns stops it */
export function onResize(resized: () => void): () => void {
  process.stdout.on('resize', resized);
  return () => process.stdout.off('resize', resized);
}

/** Takes the terminal over, or gives it back. */
export function control(name: 'enter' | 'leave'): void {
  process.stdout.write(CONTROLS[name]);
}

/** Draws lines over what is on the screen, from its corner. */
export function draw(lines: readonly string[], rows: number): void {
  const { home, clearLine, clearRest } = CONTROLS;
  // Behind a line that fills the screen, to clear would take its last letter.
  const rest = lines.length < rows ? `\r\n${clearRest}` : '';
  process.stdout.write(home + lines.map((line) => clearLine + shown(line)).join('\r\n') + rest);
}

/** `bossman … | head` has read enough: nothing went wrong, and nobody is left to tell. */
export function leaveQuietlyOnClosedPipe(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit();
      throw error;
    });
  }
}

function shown(line: string): string {
  return visible(line).replaceAll(OWN_ESC, ESC);
}

function paintOf(coloured: boolean): Paint {
  const paint = pc.createColors(coloured);
  if (!coloured) return paint;
  const own = Object.entries(paint).map(([name, colour]) => [
    name,
    typeof colour === 'function' ? (text: unknown) => colour(String(text)).replaceAll(ESC, OWN_ESC) : colour,
  ]);
  return Object.fromEntries(own);
}
