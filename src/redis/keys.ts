/**
 * The names that a fleet uses in Redis. Trigger, demand trigger and lock have exactly the original's names. Keys
 * exclude ioredis' `keyPrefix`, which ioredis adds; channels and notifications include it.
 */
export class Keys {
  readonly plans: string;
  readonly due: string;
  readonly demands: string;
  readonly runs: string;
  readonly recovers: string;
  readonly counts: string;
  readonly paused: string;
  /** Pub/sub is shared by all databases, so the channel's name includes the database. */
  readonly bell: string;
  /** The server's channel of expired keys. @see https://redis.io/docs/latest/develop/use/keyspace-notifications/ */
  readonly expired: string;
  private readonly triggerStart: string;

  constructor(
    private readonly prefix: string,
    keyPrefix: string,
    db: number,
  ) {
    this.plans = `${prefix}:plans`;
    this.due = `${prefix}:due`;
    this.demands = `${prefix}:demands`;
    this.runs = `${prefix}:runs`;
    this.recovers = `${prefix}:recovers`;
    this.counts = `${prefix}:counts`;
    this.paused = `${prefix}:paused`;
    this.bell = `${keyPrefix}${prefix}:bell:${db}`;
    this.expired = `__keyevent@${db}__:expired`;
    this.triggerStart = `${keyPrefix}${prefix}:work:`;
  }

  trigger(name: string): string {
    return `${this.prefix}:work:${name}`;
  }

  demandTrigger(name: string): string {
    return `${this.prefix}:work:demand:${name}`;
  }

  lock(name: string): string {
    return `${this.prefix}:lock:${name}`;
  }

  history(name: string): string {
    return `${this.prefix}:history:${name}`;
  }

  /** The channel that only one instance subscribes to, while its process lives. Nothing is published on it. */
  own(instance: string): string {
    return `${this.bell}:${instance}`;
  }

  /** The answers to one roll call. */
  answers(roll: string): string {
    return `${this.prefix}:present:${roll}`;
  }

  /** The part of an expired key after `PREFIX:work:`: a job's name, or `demand:` and a name. Null for other keys. */
  expiredName(key: string): string | null {
    return key.startsWith(this.triggerStart) ? key.slice(this.triggerStart.length) : null;
  }
}
