const ENTER = '\x1b[?1049h\x1b[?25l\x1b[?7l';
const LEAVE = '\x1b[?7h\x1b[?25h\x1b[?1049l';
const HOME = '\x1b[H';
const CLEAR_LINE = '\x1b[K';
const CLEAR_REST = '\x1b[J';

/** q, Ctrl-C, Ctrl-D */
const KEYS_THAT_END = ['q', 'Q', '\x03', '\x04'];
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * The terminal, taken over: its other screen, without a cursor, and long lines cut instead of wrapped. It is given back
 * however the process ends, save by SIGKILL.
 */
export class Screen {
  /** Resolves when the user, or a signal, ends it. */
  readonly ended: Promise<void>;
  private end = () => {};
  private readonly onKeys = (keys: string) => {
    if (KEYS_THAT_END.some((key) => keys.includes(key))) this.end();
  };
  private readonly onResize = () => this.paint();
  private readonly onExit = () => process.stdout.write(LEAVE);

  /** @param compose gives the lines of a screen of so many columns and rows */
  constructor(private readonly compose: (columns: number, rows: number) => readonly string[]) {
    this.ended = new Promise((resolve) => {
      this.end = resolve;
    });
    for (const signal of SIGNALS) process.on(signal, this.end);
    process.on('exit', this.onExit);
    process.stdout.on('resize', this.onResize);
    if (process.stdin.isTTY) process.stdin.setRawMode(true).setEncoding('utf8').on('data', this.onKeys);
    process.stdout.write(ENTER);
    this.paint();
  }

  /** Shows what is composed now, over what was there. */
  paint(): void {
    // A terminal that was not told its size says 0.
    const columns = process.stdout.columns || 80;
    const rows = process.stdout.rows || 24;
    const lines = this.compose(columns, rows).slice(0, rows);
    const rest = lines.length < rows ? `\r\n${CLEAR_REST}` : '';
    // Behind a line that fills the screen, to clear would take its last letter.
    process.stdout.write(HOME + lines.map((line) => CLEAR_LINE + line).join('\r\n') + rest);
  }

  /** Gives the terminal back. */
  close(): void {
    for (const signal of SIGNALS) process.off(signal, this.end);
    process.off('exit', this.onExit);
    process.stdout.off('resize', this.onResize);
    if (process.stdin.isTTY) process.stdin.off('data', this.onKeys).setRawMode(false).pause();
    process.stdout.write(LEAVE);
  }
}
