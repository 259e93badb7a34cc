import { randomUUID } from 'node:crypto';
import pc from 'picocolors';
import { visible, visibleJson } from '../telling/visible';

// The only output: nothing else in this folder writes to stdout or stderr, which a test checks. Everything is escaped
// here, even if the caller forgot to; only our own colours and screen controls pass.

/** picocolors' functions, by colour; without a terminal they do nothing. */
export type Paint = ReturnType<typeof pc.createColors>;

/**
 * Replaces ESC in the output of `Paint` until it is written. It cannot be guessed, so untrusted text cannot colour
 * itself.
 */
const ESC = '\x1b';
const OWN_ESC = `\ue000${randomUUID()}\ue001`;

/** Control sequences of the `watch` screen. */
const CONTROLS = {
  enter: '\x1b[?1049h\x1b[?25l\x1b[?7l',
  leave: '\x1b[?7h\x1b[?25h\x1b[?1049l',
  home: '\x1b[H',
  clearLine: '\x1b[K',
  clearRest: '\x1b[J',
} as const;

/** Prints a command's result: as text, or as JSON for scripts. */
export class Output {
  /** Colours for a terminal, unless NO_COLOR is set and not empty. @see https://no-color.org */
  readonly paint: Paint;

  constructor(readonly json: boolean) {
    this.paint = paintOf(isTerminal() && !process.env.NO_COLOR);
  }

  /** Columns of the terminal; Infinity without one. */
  get width(): number {
    return (isTerminal() && process.stdout.columns) || Number.POSITIVE_INFINITY;
  }

  /** Prints the value as one line of JSON, or the lines, which are only created if they are printed. */
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

/** Prints to stderr why a command ended early. */
export function complain(message: string): void {
  process.stderr.write(`bossman: ${visible(message)}\n`);
}

/** Prints multi-line text that is not ours, such as the argument parser's. */
export function printText(text: string, to: 'stdout' | 'stderr'): void {
  process[to].write(text.split('\n').map(visible).join('\n'));
}

/** Columns and rows of the terminal. A terminal of unknown size reports 0. */
export function screenSize(): { columns: number; rows: number } {
  return { columns: process.stdout.columns || 80, rows: process.stdout.rows || 24 };
}

/** @returns a function that removes the listener */
export function onResize(resized: () => void): () => void {
  process.stdout.on('resize', resized);
  return () => process.stdout.off('resize', resized);
}

/** Enters or leaves the full-screen mode. */
export function control(name: 'enter' | 'leave'): void {
  process.stdout.write(CONTROLS[name]);
}

/** Draws lines over the screen, from the top left. */
export function draw(lines: readonly string[], rows: number): void {
  const { home, clearLine, clearRest } = CONTROLS;
  // After a line that fills the screen, clearing would delete its last character.
  const rest = lines.length < rows ? `\r\n${clearRest}` : '';
  process.stdout.write(home + lines.map((line) => clearLine + shown(line)).join('\r\n') + rest);
}

/** Exits silently when a pipe such as `bossman … | head` closes, which is not an error. */
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
