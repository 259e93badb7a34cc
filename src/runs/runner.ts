import { BossmanError, messageOf } from '../errors';
import type { RunEvent, Teller } from '../events';
import type { Fleet } from '../hints/fleet-size';
import type { InstanceInfo } from '../info';
import type { Job } from '../job';
import type { JobDefinition, Qa } from '../options';
import { type Ending, recordText } from '../redis/records';
import type { SettleRequest, Store } from '../redis/store';
import { type RunTrace, traced } from '../telling/trace';
import type { RedisClock } from '../time/clock';
import { compose } from './compose';
import { Context } from './context';
import { HeldLock, type Lease } from './held-lock';

/** A slot or a demand that this instance has won, with the job's lock. The lock's end moves as it is renewed. */
export interface Ticket extends Lease {
  slot: number | null;
  demandedAt: number | null;
  /** The slot was run before, by an instance that died in it. */
  recovered: boolean;
}

interface Run {
  readonly job: Job;
  readonly event: RunEvent;
  readonly token: string;
  readonly lock: HeldLock;
}

/** Runs what was won: lock → run → settle. */
export class Runner {
  /** Around every run, the outermost first. */
  readonly qas: Qa[] = [];
  private readonly runs = new Set<Run>();
  private leaving = false;
  /** When the last of the locks ends that quit waits for, in ms on Redis' clock. */
  private leaveBy = 0;

  constructor(
    private readonly store: Store,
    private readonly clock: RedisClock,
    private readonly fleet: Fleet,
    private readonly teller: Teller,
    private readonly on: {
      /** A demand of the job waits, and can be taken in so many ms. */
      demandWaits: (job: Job, inMs: number) => void;
      /** The run of a slot has died, or goes on. */
      recoverable: (job: Job) => void;
    },
  ) {}

  use(qa: Qa): void {
    this.qas.push(qa);
  }

  /** Runs that go on. */
  get busy(): number {
    return this.runs.size;
  }

  /** The same, one by one, for whoever asks what runs. */
  get going(): InstanceInfo['running'] {
    return [...this.runs].map(({ event, lock }) => ({
      job: event.job,
      since: Math.round(event.startedAt),
      slot: event.slot,
      demandedAt: event.demandedAt,
      lockEndsAt: Math.round(lock.endsAt),
    }));
  }

  /** From here on a demand that waits when a run ends is for somebody else. */
  leave(): void {
    this.leaving = true;
    this.leaveBy = this.clock.now();
    for (const run of this.runs) this.waitFor(run);
  }

  /** ms until the locks end of the runs that went on when we began to leave, and of those that began since. */
  get longestLock(): number {
    return this.runs.size > 0 ? Math.max(0, this.leaveBy - this.clock.now()) : 0;
  }

  /** Settles when the run has, and its lock is released. Never rejects. */
  async run(job: Job, ticket: Ticket): Promise<void> {
    const { slot, demandedAt, recovered } = ticket;
    const startedAt = this.clock.now();
    const lateness = startedAt - (slot ?? demandedAt ?? startedAt);
    const event: RunEvent = { job: job.name, slot, demandedAt, recovered, startedAt, lateness };
    const context = new Context(job.name, slot, demandedAt, recovered);
    const run: Run = { job, event, token: ticket.token, lock: this.hold(job, ticket, context) };
    this.runs.add(run);
    this.waitFor(run);
    job.running += 1;
    if (this.teller.hears('start')) this.teller.tell('start', event);

    // Work that blocks the process must hold up nothing that was sent before it.
    this.store.flush();
    const performing = this.perform(job, event, context);
    // Not before the work: no timer comes up while that keeps the process busy, and setting one takes its time.
    run.lock.watch();
    const ended = await performing;

    run.lock.letGo();
    this.runs.delete(run);
    job.running -= 1;
    // Sent before anybody is told, so that a slow listener does not hold the lock.
    const settled = this.settle(job, run.token, {
      startedAt,
      details: '',
      run: recordText(event, ended, this.store.who),
      failed: 'cause' in ended,
    });
    this.tellEnd(event, ended);
    await settled;
  }

  /** Releases the lock of what was won and is not to be run. Never rejects. */
  async giveBack(job: Job, token: string): Promise<void> {
    await this.settle(job, token, { startedAt: 0, run: '', details: '', failed: false });
  }

  /** A run that was noted with our token, and holds no lock. One that is over here was noted for nothing: Redis refused its end. */
  async suspected(job: Job, token: string): Promise<void> {
    for (const run of this.runs) if (run.token === token) return;
    await this.giveBack(job, token);
  }

  /** Looks after no lock any more: the connection is about to close. Runs that go on do so by themselves. */
  stop(): void {
    for (const { lock } of this.runs) lock.stop();
  }

  /** A bell says that another instance was given the job's lock at that time: then whoever runs the job here has lost it. */
  lockTaken(job: Job, at: number): void {
    if (job.running === 0) return;
    for (const run of this.runs) if (run.job === job) void run.lock.taken(at);
  }

  /** What looks after the run's lock until it is let go. */
  private hold(job: Job, ticket: Ticket, context: Context): HeldLock {
    const { name, settings } = job;
    const { slot, demandedAt } = ticket;
    return new HeldLock(ticket, name, settings.ttlMs, settings.keepAlive, this.store, this.clock, {
      lost: (why) => {
        if (this.teller.hears('lost')) this.teller.tell('lost', { job: name, slot, demandedAt, why });
      },
      abort: (why) =>
        Context.abort(
          context,
          new BossmanError('LOCK_LOST', `a run of '${name}' lost its lock (${why})`, name),
        ),
    });
  }

  /** The QA chain around `work`. Never rejects. */
  private async perform(job: Job, event: RunEvent, context: Context): Promise<Ending> {
    const startedAt = this.clock.monotonic();
    let worked = false;
    try {
      const chain = () => {
        const definition = copyOf(job.definition);
        const links = this.qas.map((qa) => (next: () => Promise<unknown>) => qa(job.name, definition, next));
        const work = () => {
          worked = true;
          return definition.work(context);
        };
        return compose(links, work, (error) => this.teller.trouble(error));
      };
      await traced(
        () => this.traceOf(job, event),
        chain,
        () => !worked,
      );
      return { duration: this.clock.monotonic() - startedAt, vetoed: !worked };
    } catch (cause) {
      return { duration: this.clock.monotonic() - startedAt, cause };
    }
  }

  /** What subscribers of the run's channels are given. */
  private traceOf(job: Job, event: RunEvent): RunTrace {
    const plan = job.known?.schedule ? job.known.text : null;
    return { ...event, instance: this.store.instance, plan };
  }

  /** Has quit wait for the run until its lock, as it is now, would end. */
  private waitFor(run: Run): void {
    if (this.leaving) this.leaveBy = Math.max(this.leaveBy, run.lock.endsAt);
  }

  private tellEnd(event: RunEvent, ended: Ending): void {
    if (!('cause' in ended)) {
      if (this.teller.hears('finish')) this.teller.tell('finish', { ...event, ...ended });
      return;
    }
    const { job } = event;
    const { cause } = ended;
    if (this.teller.hears('fail')) this.teller.tell('fail', { ...event, ...ended });
    const twice = cause instanceof BossmanError && cause.code === 'NEXT_TWICE';
    const message = `a run of '${job}' failed: ${messageOf(cause)}`;
    this.teller.trouble(new BossmanError(twice ? 'NEXT_TWICE' : 'WORK_FAILED', message, job, cause));
  }

  private async settle(
    job: Job,
    token: string,
    outcome: Pick<SettleRequest, 'startedAt' | 'run' | 'details' | 'failed'>,
  ): Promise<void> {
    const { name } = job;
    try {
      const { demandIn, recoverable } = await this.store.settle({
        name,
        token,
        ...outcome,
        leaving: this.leaving,
        listeners: this.fleet.count,
        sequence: this.store.nextSequence(),
        history: job.settings.history,
      });
      this.teller.over('settle');
      if (demandIn >= 0) this.on.demandWaits(job, demandIn);
      if (recoverable) this.on.recoverable(job);
    } catch (cause) {
      const message = `the end of a run of '${name}' could not be noted (${messageOf(cause)}); its lock ends by itself`;
      this.teller.trouble(new BossmanError('COMMAND', message, name, cause), 'settle');
    }
  }
}

/** A copy for one run, which a QA may change. What it has from a class, it keeps. */
function copyOf(definition: JobDefinition): JobDefinition {
  return Object.assign(Object.create(Object.getPrototypeOf(definition)), definition);
}
