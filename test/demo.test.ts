import { HEARTBEAT, INVOICE, JOBS } from '../examples/demo/jobs';
import { Tally } from '../examples/demo/tally';
import { runNode } from './support/child';
import { testUrl } from './support/redis';

const FIRST = 1_700_000_000_000;
const EVERY = 250;
const NOBODY: ReadonlySet<string> = new Set();

function tallyOf(name: string): Tally {
  const job = JOBS.find((one) => one.name === name);
  if (!job) throw new Error(`the demo has no job ${name}`);
  return new Tally(job);
}

const run = (slot: number | null) => ({
  job: HEARTBEAT,
  slot,
  demandedAt: slot === null ? FIRST : null,
  recovered: false,
  startedAt: FIRST,
  lateness: 1,
});

const claim = (slot: number, caller: string) => ({
  kind: 'claim' as const,
  caller,
  at: slot + 1,
  stamp: FIRST - EVERY,
  slot,
  next: slot + EVERY,
  verdict: 'run',
  open: false,
  listeners: 3,
  name: HEARTBEAT,
});

/** Slots of the heartbeat, by their number, that `A` started. */
function heartbeat(...slots: number[]): Tally {
  const tally = tallyOf(HEARTBEAT);
  for (const slot of slots) tally.started('A', run(FIRST + slot * EVERY));
  return tally;
}

describe("the demo's tally", () => {
  it('accepts slots that ran once each', () => {
    const counts = { due: 3, runs: 3, doubled: 0, lost: 0, skipped: 0, killed: 0, problems: [] };
    expect(heartbeat(0, 1, 2).result(NOBODY)).toMatchObject(counts);
  });

  it('objects to a slot that ran twice', () => {
    const tally = heartbeat(0, 1, 2);
    tally.started('B', run(FIRST + EVERY));
    const problems = [expect.stringMatching(/^heartbeat: the slot of \S+ was run by A and B$/)];
    expect(tally.result(NOBODY)).toMatchObject({ due: 3, runs: 4, doubled: 1, lost: 0, problems });
  });

  it('objects to a slot that neither ran nor was reported', () => {
    const problems = [expect.stringMatching(/^heartbeat: the slot of \S+ was lost$/)];
    expect(heartbeat(0, 2).result(NOBODY)).toMatchObject({ due: 3, doubled: 0, lost: 1, problems });
  });

  it('objects to a slot that is not in the plan', () => {
    const problems = [expect.stringMatching(/ is not a slot of its plan$/)];
    expect(heartbeat(0, 0.5, 1).result(NOBODY)).toMatchObject({ problems });
  });

  it('accepts a slot that was reported as skipped, or was claimed by a process that was killed', () => {
    const tally = heartbeat(0, 3);
    tally.skipped({ job: HEARTBEAT, slot: FIRST + EVERY, through: FIRST + EVERY, why: 'locked' });
    tally.claimed(claim(FIRST + 2 * EVERY, 'dead'));
    expect(tally.result(new Set(['dead']))).toMatchObject({ skipped: 1, killed: 1, lost: 0, problems: [] });
    expect(tally.result(NOBODY)).toMatchObject({ skipped: 1, killed: 0, lost: 1 });
  });

  it('objects to more runs than demands, and to a demand without a run', () => {
    const tally = tallyOf(INVOICE);
    tally.demanded();
    expect(tally.result(NOBODY)).toMatchObject({ lost: 1, problems: [expect.any(String)] });
    tally.started('A', run(null));
    expect(tally.result(NOBODY)).toMatchObject({ lost: 0, doubled: 0, problems: [] });
    tally.started('B', run(null));
    expect(tally.result(NOBODY)).toMatchObject({ doubled: 1, problems: [expect.any(String)] });
  });
});

/** The demo with another scenario: this many runs of some slots. */
const STAGED = (slots: number[]) => `
  const { Scenario } = require('../../examples/demo/scenario');
  Scenario.prototype.run = async function () {
    const tally = this.tallies.get('${HEARTBEAT}');
    for (const slot of ${JSON.stringify(slots)}) tally.started('A', { slot: ${FIRST} + slot * ${EVERY}, lateness: 1 });
  };
  require('../../examples/demo/demo');`;

describe('the demo exits', () => {
  it.each([
    ['with 0 when all is well', [0, 1, 2], 0, /Nothing doubled, nothing lost/],
    ['with 1 when a slot was doubled', [0, 1, 1, 2], 1, /NOT GOOD {2}heartbeat: .* was run by A and A/],
    ['with 1 when a slot was lost', [0, 2], 1, /NOT GOOD {2}heartbeat: .* was lost/],
  ])('%s', async (_when, slots, code, said) => {
    const exit = await runNode(['-e', STAGED(slots)], () => {}, { BOSSMAN_TEST_REDIS: testUrl() });
    expect({ code: exit.code, stderr: exit.stderr }).toEqual({ code, stderr: '' });
    expect(exit.lines.join('\n')).toMatch(said);
  });
});
