// For Vitest and Jest, after a line that imports Bossman: what a test runner changes in a process harms no instance.
const inVitest = typeof vi !== 'undefined';
const fakes = inVitest ? vi : jest;
/** What Jest fakes besides Date in Node. */
const OTHERS = ['Timeout', 'Interval', 'Immediate'].flatMap((name) => [`set${name}`, `clear${name}`]);
OTHERS.push('nextTick', 'queueMicrotask', 'hrtime', 'performance');
const DATE_ALONE = { now: 0, ...(inVitest ? { toFake: ['Date'] } : { doNotFake: OTHERS }) };

let fred;

// Also after a test that was given up: the process has to end.
afterEach(async () => {
  fakes.useRealTimers();
  await fred.quit({ timeout: 0 });
});

it.each([
  ['timers are', undefined],
  ['Date alone is', DATE_ALONE],
])(
  'slots run while %s faked',
  async (_, options) => {
    fred = new Bossman({ connection: process.env.REDIS_URL, prefix: `faked-${process.pid}` });
    let runs = 0;
    const work = () => {
      runs += 1;
    };
    await fred.hire('tick', { every: 100, work });
    fakes.useFakeTimers(options);
    await new Promise((resolve) => fred.on('finish', () => runs === 15 && resolve()));
    fakes.useRealTimers();
    await fred.quit();
  },
  30_000,
);

it('an error that nobody listens to is a warning, which Node takes, and quit settles', async () => {
  const { calls, results } = fakes.spyOn(process, 'emitWarning').mock;
  // Node refuses an Error of another realm, as those of Jest are, but takes its text.
  const taken = () =>
    calls
      .filter((_, call) => results[call].type === 'return')
      .map(([error, options]) => error.code ?? options?.code);
  // Port 1 is nobody's.
  fred = new Bossman({ connection: { host: '127.0.0.1', port: 1 } });
  void fred.demand('a');
  const deadline = Date.now() + 10_000;
  while (!taken().includes('CONNECTION') && Date.now() < deadline)
    await new Promise((resolve) => setTimeout(resolve, 20));
  await fred.quit({ timeout: 0 });
  expect(taken().filter(Boolean)).toEqual(['CONNECTION', 'QUIT']);
}, 30_000);
