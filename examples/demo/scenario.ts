import { setTimeout as sleep } from 'node:timers/promises';
import { bellsIn } from '../../src/hints/bell';
import { type EventLog, nameOf } from './event-log';
import { HEARTBEAT, INVOICE, JOBS } from './jobs';
import { Member, type Place } from './members';
import type { Report } from './messages';
import { Tally } from './tally';

/** ms after all processes have joined. */
const KILL_AT = 6_000;
const JOIN_AT = 8_000;
const FREEZE_AT = 10_000;
const THAW_AT = 13_000;
const DEMANDS_END_AT = 15_500;
const LAST_DEMAND_AT = 16_500;
const END_AT = 18_000;
/** ms that the last demand may take on a slow machine. */
const PATIENCE = 10_000;

/** What happens to the fleet, and what is counted. */
export class Scenario {
  readonly members: Member[] = [];
  readonly tallies = new Map(JOBS.map((job) => [job.name, new Tally(job)]));
  isInterrupted = false;
  private readonly over = new AbortController();
  private beatBy = '';
  private begunAt = 0;

  constructor(
    private readonly place: Place,
    private readonly log: EventLog,
  ) {}

  /** Rejects when it is interrupted, or a process cannot join. */
  async run(): Promise<void> {
    await Promise.all([this.join('A'), this.join('B'), this.join('C')]);
    this.begunAt = performance.now();
    await Promise.all([this.incidents(), this.demands()]);
  }

  interrupt(): void {
    this.isInterrupted = true;
    this.over.abort();
  }

  /** Asks every process to quit; each one ends by itself. */
  async end(): Promise<void> {
    this.over.abort();
    await Promise.all(this.members.map((member) => member.leave()));
  }

  onBell(message: string): void {
    for (const bell of bellsIn(message)) {
      if (bell.kind === 'claim') this.tally(bell.name).claimed(bell);
    }
  }

  private async incidents(): Promise<void> {
    await this.until(KILL_AT);
    const killed = this.beating();
    killed.kill();
    this.log.announce(`process ${nameOf(killed.name)} is killed: the others do its work`);

    await this.until(JOIN_AT);
    await this.join('D');

    await this.until(FREEZE_AT);
    const frozen = this.beating();
    frozen.freeze();
    const seconds = (THAW_AT - FREEZE_AT) / 1000;
    this.log.announce(
      `process ${nameOf(frozen.name)} is frozen for ${seconds} s: watch the others take over`,
    );

    await this.until(THAW_AT);
    frozen.thaw();
    this.log.announce(`process ${nameOf(frozen.name)} continues where it stopped`);

    await this.until(END_AT);
    while (this.tally(INVOICE).demandWaits && this.elapsed < END_AT + PATIENCE)
      await this.until(this.elapsed + 50);
    this.log.announce('all processes quit');
  }

  private async demands(): Promise<void> {
    const aWhile = () => 1000 + 2000 * Math.random();
    for (let at = aWhile(); at < DEMANDS_END_AT; at += aWhile()) {
      await this.until(at);
      const able = this.running;
      const one = able[Math.floor(Math.random() * able.length)];
      // Sometimes all members demand it at the same time, which leads to one or two runs.
      this.demand(one && Math.random() < 0.75 ? [one] : able);
    }
    await this.until(LAST_DEMAND_AT);
    this.demand([this.beating()]);
  }

  private demand(members: Member[]): void {
    this.log.demanded(
      members.map(({ name }) => name),
      INVOICE,
    );
    for (const member of members) {
      this.tally(INVOICE).demanded();
      member.order('demand');
    }
  }

  /** The best process to kill: the one that ran the last heartbeat. */
  private beating(): Member {
    const able = this.running;
    const member = able.find(({ name }) => name === this.beatBy) ?? able[0];
    if (!member) throw new Error('no process is left');
    return member;
  }

  private async join(name: string): Promise<void> {
    const member = new Member(name, this.place, (report) => this.onReport(report, name));
    this.members.push(member);
    await member.joined;
    if (member.trouble) throw new Error(`process ${name} ${member.trouble}`);
    this.log.announce(`process ${nameOf(name)} joins`);
  }

  private onReport(report: Report, by: string): void {
    switch (report.kind) {
      case 'start':
        if (report.event.job === HEARTBEAT) this.beatBy = by;
        this.tally(report.event.job).started(by, report.event);
        this.log.started(by, report.event);
        break;
      case 'timed':
        this.tally(report.job).timed(report.ms);
        break;
      case 'skip':
        this.tally(report.event.job).skipped(report.event);
        this.log.skipped(by, report.event);
        break;
      case 'lost':
        this.log.lostLock(by, report.event);
        break;
      case 'error':
        this.log.trouble(by, report.message);
        break;
    }
  }

  private tally(job: string): Tally {
    const tally = this.tallies.get(job);
    if (!tally) throw new Error(`no job is called ${job}`);
    return tally;
  }

  private get running(): Member[] {
    return this.members.filter(({ state, trouble }) => state === 'running' && !trouble);
  }

  private get elapsed(): number {
    return performance.now() - this.begunAt;
  }

  private async until(ms: number): Promise<void> {
    await sleep(Math.max(0, ms - this.elapsed), undefined, { signal: this.over.signal });
  }
}
