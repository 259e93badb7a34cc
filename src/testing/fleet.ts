import { Bossman } from '../bossman';
import { shown } from '../errors';
import type { RunRecord } from '../info';
import { MemoryServer } from '../memory/server';
import type { BossmanOptions, FleetConnection } from '../options';
import { LINK, type Linked } from '../redis/link';
import { parseRecord } from '../redis/records';
import { isGiven } from '../schedule/given';
import { parseInterval } from '../schedule/interval';
import { FleetTime } from './fleet-time';
import { Member } from './member';

/** A fleet in memory; see `TestFleet`. */
export class MemoryFleet {
  readonly connection: FleetConnection;
  private readonly server: MemoryServer;
  private readonly time: FleetTime;
  private readonly members: Member[] = [];
  private isAdvancing = false;
  private closing: Promise<void> | null = null;

  /** @param startsAt ms since the epoch, whole */
  constructor(startsAt: number) {
    this.server = new MemoryServer(() => this.time.now * 1000);
    this.time = new FleetTime(startsAt, () => this.server.calls);
    const link = (instance: Linked) => this.join(instance);
    this.connection = { isInMemory: true, [LINK]: link } as FleetConnection;
  }

  get now(): number {
    return this.time.now;
  }

  bossman(options: Omit<BossmanOptions, 'connection'> = {}): Bossman {
    if (isGiven(options) && isGiven(Reflect.get(Object(options), 'connection')))
      throw new TypeError('options: connection is set by the fleet; omit it');
    return new Bossman({ ...options, connection: this.connection });
  }

  async advance(time: number | string): Promise<void> {
    const ms = readTime(time);
    if (this.closing) throw new Error('advance: the fleet is closed');
    if (this.isAdvancing) {
      throw new Error(
        'advance: the fleet is already advancing; await the earlier call, and use fleet.sleep() in work',
      );
    }
    this.isAdvancing = true;
    try {
      const hasArrived = await this.time.to(this.time.now + ms);
      if (!hasArrived) throw new Error('advance: the fleet was closed meanwhile');
    } finally {
      this.isAdvancing = false;
    }
  }

  runs(name: string): RunRecord[] {
    const runs: RunRecord[] = [];
    for (const [, run = '', , details = ''] of this.server.runsOf(name)) {
      const record = parseRecord(run, details);
      if (record) runs.push(record);
    }
    return runs;
  }

  async sleep(time: number | string): Promise<void> {
    await this.time.sleep(readTime(time));
  }

  crash(bossman: Bossman): void {
    const member = this.members.find(({ instance }) => instance.id === bossman.id);
    if (!member) throw new TypeError('crash: the instance does not belong to this fleet');
    if (member.isAlive) member.crash();
  }

  close(): Promise<void> {
    this.closing ??= this.end();
    return this.closing;
  }

  /** Called if the fleet itself is passed in place of its connection. */
  [LINK](): never {
    throw new TypeError('connection: this is a fleet in memory; use fleet.connection');
  }

  private join(instance: Linked): Member {
    if (this.closing) throw new Error('connection: the fleet is closed');
    const member = new Member(this.server, this.time, instance);
    this.members.push(member);
    return member;
  }

  private end(): Promise<void> {
    const living = this.members.filter(({ isAlive }) => isAlive);
    return this.time.end(Promise.all(living.map(({ instance }) => instance.quit(null))));
  }
}

/** Whole ms; 0 is allowed, unlike for an interval. */
function readTime(time: number | string): number {
  if (time === 0) return 0;
  if (typeof time === 'number' && !(time > 0))
    throw new RangeError(`time: ${shown(time)} is not a duration of 0 ms or more`);
  return parseInterval(time, 'time');
}
