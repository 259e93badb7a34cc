import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../errors';
import type { Inspector } from '../inspection/inspector';
import { addressOf } from '../redis/connection';
import { visible } from '../telling/visible';
import { Failure } from './failure';
import { inOrder, jobLines, summaryLine, summaryOf } from './jobs';
import { notKnown } from './names';
import { isTerminal, Output, type Paint, printJson } from './output';
import { Screen } from './screen';
import { type Asked, type Look, look, open, withSession } from './session';
import { counted } from './text';
import { localTime } from './time';

/** ms between two updates. */
const EVERY = 1000;

/** Lines besides jobs: summary, status, a blank line, titles, and the number of hidden jobs. */
const FRAME = 5;

/**
 * Shows the jobs of the fleet, updated once a second: on a terminal until the user ends it, or as one line of JSON per
 * update.
 */
export async function watch(asked: Asked): Promise<number> {
  if (asked.json) return withSession(asked, ({ inspector }) => print(inspector));
  if (!isTerminal()) {
    throw new Failure(
      'watch needs a terminal; with --json it prints one line per refresh, and list shows the jobs once',
      2,
    );
  }
  const inspector = await open(asked);
  await new Watch(asked, inspector, await look(inspector)).untilEnded();
  // Do not wait for a pending connection attempt.
  process.exit(0);
}

async function print(inspector: Inspector): Promise<never> {
  for (;;) {
    const seen = await look(inspector);
    const line = { at: seen.at, summary: summaryOf(seen), silence: seen.silence, jobs: inOrder(seen.jobs) };
    printJson(line);
    await sleep(EVERY);
  }
}

class Watch {
  private readonly paint: Paint = new Output(false).paint;
  private readonly where: string;
  /** Why there are no updates; null if there are. */
  private trouble: string | null = null;

  /** @param inspector null: the connection broke, and must be reopened */
  constructor(
    private readonly asked: Asked,
    private inspector: Inspector | null,
    private seen: Look,
  ) {
    this.where = inspector ? addressOf(inspector.client) : '';
  }

  async untilEnded(): Promise<void> {
    const screen = new Screen((columns, rows) => this.compose(columns, rows));
    void this.keepLooking(screen);
    await screen.ended;
    screen.close();
  }

  private async keepLooking(screen: Screen): Promise<never> {
    for (;;) {
      await sleep(EVERY);
      try {
        this.inspector ??= await open(this.asked);
        this.seen = await look(this.inspector);
        this.trouble = null;
      } catch (error) {
        this.trouble = messageOf(error);
        await this.inspector?.close();
        this.inspector = null;
      }
      screen.paint();
    }
  }

  private compose(columns: number, rows: number): string[] {
    const { seen, paint } = this;
    const jobs = inOrder(seen.jobs);
    const shown = jobs.slice(0, Math.max(0, rows - FRAME));
    const more = jobs.length - shown.length;
    return [
      summaryLine(seen, paint),
      this.status(),
      '',
      ...jobLines(seen, shown, paint, columns),
      ...(more > 0 ? [paint.dim(`and ${counted(more, 'more job')}; bossman list shows all`)] : []),
    ];
  }

  private status(): string {
    const { paint } = this;
    if (this.trouble === null && this.seen.silence !== null) return paint.red(notKnown(this.seen.silence));
    if (this.trouble !== null) return paint.red(`as of ${localTime(this.seen.at)}; ${visible(this.trouble)}`);
    return paint.dim(`${visible(this.asked.prefix)} at ${this.where}, ${localTime(this.seen.at)}; q quits`);
  }
}
