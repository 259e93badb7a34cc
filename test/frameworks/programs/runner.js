// For Vitest and Jest, after a line that imports Bossman: what a test runner changes in a process harms no instance.
const fakes = typeof vi === 'undefined' ? jest : vi;

it('slots run while timers are faked', async () => {
  const fred = new Bossman({ connection: process.env.REDIS_URL, prefix: `faked-${process.pid}` });
  let runs = 0;
  const work = () => {
    runs += 1;
  };
  await fred.hire('tick', { every: 100, work });
  fakes.useFakeTimers();
  try {
    await new Promise((resolve) => fred.on('finish', () => runs === 15 && resolve()));
  } finally {
    fakes.useRealTimers();
  }
  await fred.quit();
}, 30_000);

it('an error that nobody listens to is a warning, which Node takes, and quit settles', async () => {
  const { calls, results } = fakes.spyOn(process, 'emitWarning').mock;
  // Node refuses an Error of another realm, as those of Jest are, but takes its text.
  const taken = () =>
    calls
      .filter((_, call) => results[call].type === 'return')
      .map(([error, options]) => error.code ?? options?.code);
  // Port 1 is nobody's.
  const fred = new Bossman({ connection: { host: '127.0.0.1', port: 1 } });
  void fred.demand('a');
  while (!taken().includes('CONNECTION')) await new Promise((resolve) => setTimeout(resolve, 20));
  await fred.quit({ timeout: 0 });
  expect(taken().filter(Boolean)).toEqual(['CONNECTION', 'QUIT']);
}, 30_000);
