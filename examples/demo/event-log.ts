import type Bossman from '../../src';
import { HEARTBEAT } from './jobs';
import { clock, millis, paint, percentile, type Screen, type Style } from './screen';

const BEATS_PER_LINE = 16;

const COLOURS: readonly Style[] = ['cyan', 'yellow', 'magenta', 'blue', 'green'];

/** The name of a process, in its colour. */
export function nameOf(process: string): string {
  return paint(COLOURS[process.charCodeAt(0) % COLOURS.length] ?? 'bold', process);
}

/** Prints what happens, one line for each event; heartbeats share a line. */
export class EventLog {
  private beats: { by: string; at: number; lateness: number }[] = [];

  constructor(private readonly screen: Screen) {}

  begin(): void {
    this.screen.line();
    this.screen.line(
      paint('dim', columns('time', 'by', 'job', 'late', 'for heartbeats the median, and a letter for each')),
    );
  }

  /** What the demo does to the fleet. */
  announce(text: string): void {
    this.screen.line(`${clock(Date.now())}  ${paint('bold', `* ${text}`)}`);
  }

  started(by: string, event: Bossman.RunEvent): void {
    const { job, startedAt, lateness, slot } = event;
    if (job === HEARTBEAT) {
      this.beat({ by, at: startedAt, lateness });
      return;
    }
    const note = slot === null ? 'demanded' : `due ${clock(slot)}`;
    this.row(startedAt, by, job, millis(lateness), paint('dim', note));
  }

  demanded(by: string[], job: string): void {
    this.row(Date.now(), by.join(''), job, '', paint('dim', by.length > 1 ? 'demand it' : 'demands it'));
  }

  skipped(by: string, { job, slot, through, why }: Bossman.SkipEvent): void {
    const slots = through > slot ? `${clock(slot)} to ${clock(through)}` : clock(slot);
    this.row(Date.now(), by, job, '', `skips ${slots}: ${why}`);
  }

  lostLock(by: string, { job, why }: Bossman.LostEvent): void {
    this.row(Date.now(), by, job, '', `continues without its lock: ${why}`);
  }

  trouble(by: string, message: string): void {
    this.row(Date.now(), by, '', '', paint('red', message));
  }

  end(): void {
    this.flushBeats();
  }

  private beat(beat: { by: string; at: number; lateness: number }): void {
    this.beats.push(beat);
    if (this.beats.length === BEATS_PER_LINE) this.flushBeats();
    else this.screen.setStatus(this.beatLine());
  }

  private flushBeats(): void {
    this.screen.setStatus('');
    if (this.beats.length > 0) this.screen.line(this.beatLine());
    this.beats = [];
  }

  /** One letter for each run: the process that ran it. */
  private beatLine(): string {
    const lateness = this.beats.map((beat) => beat.lateness);
    const letters = this.beats.map(({ by }) => nameOf(by)).join('');
    return columns(
      clock(this.beats.at(-1)?.at ?? 0),
      '',
      HEARTBEAT,
      millis(percentile(lateness, 50)),
      letters,
    );
  }

  private row(at: number, by: string, job: string, late: string, note: string): void {
    this.screen.line(columns(clock(at), by, job, late, note));
  }
}

/** @param by one letter for each process, without colours, so that it can be padded */
function columns(time: string, by: string, job: string, late: string, note: string): string {
  const who = by.padEnd(3).replace(/[A-Z]/g, (process) => nameOf(process));
  return `${time.padEnd(12)}  ${who}  ${job.padEnd(9)}  ${late.padStart(9)}  ${note}`.trimEnd();
}
