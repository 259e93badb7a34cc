import type { Random } from '../random';

/** What a client knows of a job if it listens and may read every key. */
export interface Known {
  stamp: number;
  slot: number;
  everyMs: number;
}

const NAMES = ['tick', 'cron', 'kept', 'wanted', 'nobody hires this', 'demand:wanted', '__proto__'];
const VERDICTS = ['run', 'locked', 'missed', 'held', 'gone', 'NaN', '0'];
const HOSTILE = [
  '0',
  '1',
  '-1',
  '-9007199254740991',
  '100000000000000',
  '140000000000000',
  '999999999999999',
  '9007199254740991',
  '18446744073709551615',
  '1e14',
  'NaN',
  'Infinity',
  '-Infinity',
  'soon',
  '',
  '0x10',
];
const HOUR = 3_600_000;

/**
 * Random messages for the bell. All have the form of a message that an instance sends. Their values are hostile or current, so
 * that some messages are nearly true, or would be true at another time.
 */
export class HostileMessages {
  constructor(
    private readonly random: Random,
    private readonly known: ReadonlyMap<string, Known>,
    /** The ids of current and former members. */
    private readonly ids: readonly string[],
  ) {}

  next(): string {
    const { random } = this;
    const kind = random.pick({
      claim: 6,
      demand: 3,
      taken: 3,
      begun: 3,
      settled: 2,
      recovered: 2,
      armed: 1,
      hired: 1,
      roll: 1,
      here: 1,
      who: 0.3,
      quit: 1,
      many: 1,
    });
    const name = this.oneOf(NAMES.slice(0, this.random.next() < 0.8 ? 4 : undefined));
    const caller = this.caller();
    switch (kind) {
      case 'claim': {
        const [at, stamp, slot] = [this.value(name), this.value(name), this.value(name)];
        const next = this.value(name);
        const [verdict, open, listeners] = [this.oneOf(VERDICTS), this.value(name), this.value(name)];
        return `claim ${caller} ${at} ${stamp} ${slot} ${next} ${verdict} ${open} ${listeners} ${name}`;
      }
      case 'demand':
        return `demand ${caller} ${this.value(name)} ${this.bit()} ${this.value(name)} ${this.value(name)} ${name}`;
      case 'taken':
        return `taken ${caller} ${this.value(name)} ${this.bit()} ${this.value(name)} ${name}`;
      case 'begun':
        return `begun ${caller} ${this.value(name)} ${this.bit()} ${name}`;
      case 'recovered':
      case 'armed':
        return `${kind} ${caller} ${this.value(name)} ${name}`;
      case 'settled':
      case 'roll':
      case 'here':
        return `${kind} ${caller} ${name}`;
      case 'hired':
        return `hired ${caller} ${JSON.stringify(NAMES)}`;
      case 'who':
        return `who ${caller} ${this.hex(32)}`;
      case 'quit':
        return `quit ${caller}`;
      case 'many':
        return `many ${JSON.stringify([this.next(), this.next()])}`;
    }
  }

  /** The bell of a claim of the job's next slot, as its instance would ring it, or with one hostile value. */
  nearlyTrue(name: string): string {
    const { stamp, slot, everyMs } = this.known.get(name) ?? { stamp: 0, slot: 0, everyMs: 0 };
    const words = [
      Math.max(Date.now(), slot),
      stamp,
      slot,
      slot + everyMs,
      'run',
      0,
      this.random.between(1, 8),
    ];
    const at = this.random.between(0, 2 * words.length);
    if (at < words.length) words[at] = this.value(name);
    return `claim ${this.caller()} ${words.join(' ')} ${name}`;
  }

  private value(name: string): string {
    const { random } = this;
    const { stamp, slot, everyMs } = this.known.get(name) ?? { stamp: 0, slot: 0, everyMs: 400 };
    const now = Date.now();
    if (random.next() < 0.5) return this.oneOf(HOSTILE);
    const near = [now, now + HOUR, now - HOUR, now + 500, now - 500, stamp, stamp + 1, slot, slot + everyMs];
    return this.oneOf([...near, slot + 100 * everyMs, 2000].map(String));
  }

  private caller(): string {
    const { random } = this;
    if (random.next() < 0.3) return this.oneOf(this.ids.length > 0 ? this.ids : ['forged']);
    return random.next() < 0.5 ? this.hex(16) : 'forged';
  }

  private bit(): string {
    return this.random.next() < 0.5 ? '0' : '1';
  }

  private hex(digits: number): string {
    return Array.from({ length: digits }, () => this.random.between(0, 15).toString(16)).join('');
  }

  private oneOf(values: readonly string[]): string {
    return values[Math.floor(this.random.next() * values.length)] ?? '';
  }
}
