import pc from 'picocolors';

/** picocolors' functions, by colour; without a terminal they change nothing. */
export type Paint = ReturnType<typeof pc.createColors>;

/** Where a command's answer goes: to people, or as JSON to scripts. */
export class Output {
  /** Colours for a terminal, unless NO_COLOR is set and not empty. @see https://no-color.org */
  readonly paint: Paint;

  constructor(readonly json: boolean) {
    this.paint = pc.createColors(process.stdout.isTTY === true && !process.env.NO_COLOR);
  }

  /** Columns of the terminal; Infinity where there is none. */
  get width(): number {
    return (process.stdout.isTTY && process.stdout.columns) || Number.POSITIVE_INFINITY;
  }

  /** Says it to whom it is for: the value as one line of JSON, or the lines, which are only made when they are shown. */
  say(value: unknown, lines: () => readonly string[]): void {
    process.stdout.write(`${this.json ? JSON.stringify(value) : lines().join('\n')}\n`);
  }
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
