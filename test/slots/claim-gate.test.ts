import { Job } from '../../src/job';
import { Places } from '../../src/runs/places';
import type { JobSettings } from '../../src/settings';
import { ClaimGate } from '../../src/slots/claim-gate';

const TTL = 2000;
/** Claims that it lets through before it has seen one begin. */
const FIRST = 64;
const SETTINGS: JobSettings = {
  ttlMs: TTL,
  keepAlive: false,
  recover: false,
  misfire: 'run',
  history: 100,
  errors: true,
  schedule: null,
};

/** A gate on a clock of its own, and the jobs whose claims it started. */
function makeGate({ isAlone = false, roundTrip = 0.5 } = {}) {
  let now = 0;
  let asked = 0;
  const claimed: string[] = [];
  const gate: ClaimGate = new ClaimGate(
    () => now,
    (job) => {
      claimed.push(job.name);
      gate.enter();
    },
    new Places(Number.POSITIVE_INFINITY),
    () => isAlone,
    () => roundTrip,
  );
  const ask = (name: string, goesFirst: Job['goesFirst'] = 'nobody', slot = 1) => {
    const job = new Job(name, { work() {} }, SETTINGS, 0);
    job.goesFirst = goesFirst;
    job.known = { stamp: 1, slot, schedule: null, text: '' };
    gate.ask(job);
    return job;
  };
  return {
    gate,
    claimed,
    ask,
    pass: (ms: number) => {
      now += ms;
    },
    /** Asks until one has to wait, which it forgets. Returns how many claims are under way by then. */
    fill(): number {
      for (;;) {
        const before = claimed.length;
        const job = ask(`filler ${asked}`);
        asked += 1;
        if (claimed.length > before) continue;
        gate.forget(job);
        return claimed.length;
      }
    },
    /** All that is under way is over. */
    empty(): void {
      for (const _ of claimed.splice(0)) gate.leave();
    },
  };
}

describe('the gate of claims', () => {
  test('lets as many through at once as keep Redis busy, and the next one when one has ended', () => {
    const { gate, claimed, ask, fill } = makeGate();
    expect(fill()).toBe(FIRST);
    ask('waits');
    ask('waits too');
    expect(claimed).toHaveLength(FIRST);
    gate.leave();
    expect(claimed.slice(FIRST)).toEqual(['waits']);
    gate.leave();
    expect(claimed.slice(FIRST)).toEqual(['waits', 'waits too']);
  });

  test('lets jobs for which this instance goes first overtake those that others may claim, each in order', () => {
    const { gate, claimed, ask, fill } = makeGate();
    fill();
    ask('another 1', 'other');
    ask('own 1', 'me');
    ask('another 2', 'other');
    ask('own 2', 'me');
    for (let index = 0; index < 4; index += 1) gate.leave();
    expect(claimed.slice(FIRST)).toEqual(['own 1', 'own 2', 'another 1', 'another 2']);
  });

  test('does not let its own jobs pass one that is due for a second longer', () => {
    const { gate, claimed, ask, fill } = makeGate();
    fill();
    ask('another', 'other', 5000);
    ask('own 1', 'me', 5000);
    ask('own 2', 'me', 6000);
    ask('own 3', 'me', 6001);
    ask('own 4', 'me', 6002);
    for (let index = 0; index < 5; index += 1) gate.leave();
    expect(claimed.slice(FIRST)).toEqual(['own 1', 'own 2', 'another', 'own 3', 'own 4']);
  });

  test('claims in the order in which slots fell due where no other instance could claim them', () => {
    const { gate, claimed, ask, fill } = makeGate({ isAlone: true });
    fill();
    ask('first', 'nobody', 100);
    ask('second', 'me', 200);
    ask('third', 'nobody', 300);
    ask('also third', 'me', 300);
    for (let index = 0; index < 4; index += 1) gate.leave();
    expect(claimed.slice(FIRST)).toEqual(['first', 'second', 'also third', 'third']);
  });

  test('does not claim a forgotten job, and nothing once it is stopped', () => {
    const { gate, claimed, ask, fill } = makeGate();
    fill();
    const forgotten = ask('forgotten', 'me');
    ask('claimed');
    ask('stopped');
    gate.forget(forgotten);
    gate.leave();
    gate.stop();
    gate.leave();
    expect(claimed.slice(FIRST)).toEqual(['claimed']);
  });

  test.each([
    { roundTrip: 50, highest: 2000 },
    { roundTrip: 1000, highest: 4096 },
  ])(
    'lets one more through for each claim that began soon, up to $highest if a round trip takes $roundTrip ms',
    ({ roundTrip, highest }) => {
      const { gate, fill, empty, pass } = makeGate({ roundTrip });
      pass(10);
      for (let index = 0; index < 100; index += 1) gate.begun(5, TTL);
      expect(fill()).toBe(FIRST + 100);
      empty();
      for (let index = 0; index < 10_000; index += 1) gate.begun(5, TTL);
      expect(fill()).toBe(highest);
    },
  );

  test('lets no more through than keep a nearby Redis busy, however many claims began soon', () => {
    const { gate, fill, pass } = makeGate();
    pass(10);
    for (let index = 0; index < 10_000; index += 1) gate.begun(5, TTL);
    expect(fill()).toBe(FIRST);
  });

  test('lets half as many through when a claim takes long to begin, once for all that were sent before', () => {
    const { gate, fill, empty, pass } = makeGate();
    pass(10);
    gate.begun(5, TTL);
    pass(TTL);
    // The first of them, and the others that were sent at about the same time.
    for (let sentAt = 11; sentAt < 20; sentAt += 1) gate.begun(sentAt, TTL);
    expect(fill()).toBe(FIRST / 2);
    empty();
    const sentAt = 10 + TTL + 1;
    pass(TTL);
    gate.begun(sentAt, TTL);
    expect(fill()).toBe(FIRST / 4);
  });

  test('does not mistake a slow connection to Redis for a crowd of claims', () => {
    const { gate, fill, pass } = makeGate({ roundTrip: TTL });
    for (let index = 0; index < 50; index += 1) {
      pass(TTL);
      gate.begun(index * TTL, TTL);
    }
    expect(fill()).toBe(FIRST + 50);
  });

  test('lets at least one through, however long everything takes', () => {
    const { gate, fill, pass } = makeGate();
    pass(1);
    gate.begun(0, TTL);
    for (let index = 0; index < 20; index += 1) {
      pass(10 * TTL);
      gate.begun(2 + index * 10 * TTL, TTL);
    }
    expect(fill()).toBe(1);
  });
});
