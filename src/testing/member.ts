import { MemoryClient } from '../memory/client';
import type { MemoryServer } from '../memory/server';
import type { Link, Linked } from '../redis/link';
import type { Time } from '../time/time';
import type { Timer } from '../time/timers';
import type { FleetTime, Wait } from './fleet-time';

/** One instance of a fleet in memory: its connections, and its timers in fleet time. */
export class Member implements Link {
  readonly time: Time;
  private readonly clients: MemoryClient[] = [];
  private readonly runs = new Set<object>();
  private hasDied = false;

  constructor(
    private readonly server: MemoryServer,
    private readonly fleetTime: FleetTime,
    readonly instance: Linked,
  ) {
    const now = () => this.fleetTime.now;
    this.time = {
      isMoved: true,
      monotonic: now,
      wall: now,
      after: (ms, call) => this.after(ms, call),
      each: (ms, call) => this.each(ms, call),
      cancel: (timer) => (timer as Wait | null | undefined)?.cancel(),
      within: (ms, promise) => this.within(ms, promise),
      brief: (_ms, call) => this.fleetTime.brief(call),
      work: (run, chain) => this.work(run, chain),
    };
  }

  get isAlive(): boolean {
    return !this.hasDied;
  }

  connect(): ReturnType<Link['connect']> {
    const client = new MemoryClient(this.server);
    this.clients.push(client);
    return client.asClient;
  }

  /** Dies as if its process were killed. */
  crash(): void {
    this.hasDied = true;
    for (const client of this.clients) client.crash();
    this.instance.die();
    for (const run of this.runs) this.fleetTime.letGo(run);
  }

  private after(ms: number, call: () => void): Wait {
    return this.fleetTime.after(ms, () => {
      if (!this.hasDied) call();
    });
  }

  private each(ms: number, call: () => void): Timer & Pick<Wait, 'cancel'> {
    let wait: Wait;
    const set = () => {
      wait = this.after(Math.max(1, ms), () => {
        set();
        call();
      });
    };
    set();
    return { cancel: () => wait.cancel(), unref: () => {} };
  }

  private async within(ms: number, promise: Promise<unknown>): Promise<void> {
    let wait: Wait | undefined;
    const late = new Promise<void>((resolve) => {
      wait = this.after(ms, resolve);
    });
    await Promise.race([promise, late]);
    wait?.cancel();
  }

  /** @param chain never rejects */
  private work<T>(run: object, chain: () => Promise<T>): Promise<T> {
    this.runs.add(run);
    this.fleetTime.hold(run);
    const settles = chain();
    void settles.then(() => {
      this.runs.delete(run);
      this.fleetTime.letGo(run);
    });
    return settles;
  }
}
