const inTest = (patterns) => patterns.map((pattern) => `**/test/${pattern}.test.ts`);

/** Tests that measure time, and whose limits hold if half of the machine is theirs: they run two at a time, without others. */
const MEASURING = inTest(['inspection/cost', 'slots/early', 'slots/late', 'web/tabs']);

/** A test that measures time while it uses the whole machine. */
const ALONE = inTest(['chaos/hostile/hostile']);

/**
 * Tests that wait more than they compute: for slots, ends of locks, servers. Several per core run at the same time, also with
 * those that compute, which have a lower priority.
 */
const WAITING = inTest([
  'demands/*',
  'faults/*',
  'interop',
  'migrating',
  'names',
  'otel/*',
  'plans/*',
  'inspection/{deaths,inspection,next}',
  'runs/*',
  'slots/recover',
  'time/*',
  'topologies/*',
  'unchanged/*',
  'web/outages',
]);

/** They install frameworks from the registry: `npm run frameworks`, which has a configuration of its own. */
const NIGHTLY = inTest(['frameworks/*']);

/** @type {import('jest').Config} */
const project = {
  // Types are checked once for all files, by `npm run typecheck`: a test starts seconds sooner.
  transform: { '^.+\\.ts$': '<rootDir>/test/support/transform.cjs' },
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  globalSetup: './test/support/global-setup.ts',
  globalTeardown: './test/support/global-teardown.ts',
};

/** Tests of one kind, whose name is printed with each file. All tests of one runner end before those of the next begin. */
const kind = (displayName, runner, own) => ({ ...project, displayName, runner, ...own });

/** @type {import('jest').Config} */
module.exports = {
  projects: [
    kind('waits', './test/support/beside.js', {
      testMatch: WAITING,
      testPathIgnorePatterns: ['/node_modules/'],
    }),
    kind('computes', './test/support/beside.js', {
      setupFiles: ['<rootDir>/test/support/after-others.ts'],
      testMatch: [
        '**/*.test.ts',
        ...[...WAITING, ...MEASURING, ...ALONE, ...NIGHTLY].map((test) => `!${test}`),
      ],
    }),
    kind('measures', 'jest-runner', { testMatch: MEASURING }),
    kind('alone', './test/support/alone.js', { testMatch: ALONE }),
  ],
  testSequencer: './test/support/longest-first.js',
  testTimeout: 60_000,
  // On a busy machine, an idle worker may need more than half a second to end.
  workerGracefulExitTimeout: 10_000,
  // For npm run coverage. What child processes run is not counted, so the floor is below what is tested.
  collectCoverageFrom: ['src/**/*.ts', '!src/scripts/generated.ts'],
  coverageProvider: 'v8',
  coverageReporters: ['text', 'lcov'],
  coverageThreshold: { global: { statements: 90, branches: 85, functions: 90, lines: 90 } },
  // Two cores: more processes that compute and the tests measure one another.
  maxWorkers: 2,
};
