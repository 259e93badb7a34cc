import { control, draw, onResize, screenSize } from './output';

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
  private readonly stopResizing: () => void;
  private readonly onExit = () => control('leave');

  /** @param compose gives the lines of a screen of so many columns and rows */
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

  /** Shows what is composed now, over what was there. */
  paint(): void {
    const { columns, rows } = screenSize();
    draw(this.compose(columns, rows).slice(0, rows), rows);
  }

  /** Gives the terminal back. */
  close(): void {
    for (const signal of SIGNALS) process.off(signal, this.end);
    process.off('exit', this.onExit);
    this.stopResizing();
    if (process.stdin.isTTY) process.stdin.off('data', this.onKeys).setRawMode(false).pause();
    control('leave');
  }
}
