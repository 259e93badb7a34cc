import { control, draw, onResize, screenSize } from './output';

/** q, Ctrl-C, Ctrl-D */
const KEYS_THAT_END = ['q', 'Q', '\x03', '\x04'];
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * The terminal in full-screen mode: the alternate screen, no cursor, and long lines cut instead of wrapped. It is
 * restored however the process ends, except by SIGKILL.
 */
export class Screen {
  /** Resolves when the user, or a signal, ends it. */
  readonly ended: Promise<void>;
  private end = () => {};
  private readonly onKeys = (keys: string) => {
    if (KEYS_THAT_END.some((key) => keys.includes(key))) this.end();
  };
  private readonly stopResizing: () => void;
  private readonly onExit = () => control('leave');

  /** @param compose returns the lines of a screen with this many columns and rows */
  constructor(private readonly compose: (columns: number, rows: number) => readonly string[]) {
    this.ended = new Promise((resolve) => {
      this.end = resolve;
    });
    for (const signal of SIGNALS) process.on(signal, this.end);
    process.on('exit', this.onExit);
    this.stopResizing = onResize(() => this.paint());
    if (process.stdin.isTTY) process.stdin.setRawMode(true).setEncoding('utf8').on('data', this.onKeys);
    control('enter');
    this.paint();
  }

  /** Redraws the screen. */
  paint(): void {
    const { columns, rows } = screenSize();
    draw(this.compose(columns, rows).slice(0, rows), rows);
  }

  /** Restores the terminal. */
  close(): void {
    for (const signal of SIGNALS) process.off(signal, this.end);
    process.off('exit', this.onExit);
    this.stopResizing();
    if (process.stdin.isTTY) process.stdin.off('data', this.onKeys).setRawMode(false).pause();
    control('leave');
  }
}
