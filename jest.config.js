/** Tests that measure time or load the machine: each runs alone, after all others. */
const ALONE = [
  'inspection/cost',
  'quiet',
  'slots/early',
  'slots/late',
  'slots/slots',
  'cli/many',
  'chaos/hostile/hostile',
].map((test) => `<rootDir>/test/${test}.test.ts`);

/** @type {import('jest').Config} */
const project = {
  // Types are checked once for all files, by `npm run typecheck`: a test starts seconds sooner.
  transform: { '^.+\\.ts$': ['ts-jest', { tsconfig: 'test/tsconfig.json' }] },
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  globalSetup: './test/support/global-setup.ts',
  globalTeardown: './test/support/global-teardown.ts',
};

/** @type {import('jest').Config} */
module.exports = {
  projects: [
    {
      ...project,
      testMatch: ['**/*.test.ts'],
      testPathIgnorePatterns: ['/node_modules/', ...ALONE],
    },
    { ...project, testMatch: ALONE, runner: '<rootDir>/test/support/alone.js' },
  ],
  testTimeout: 60_000,
  // For npm run coverage. What child processes run is not counted, so the floor is below what is tested.
  collectCoverageFrom: ['src/**/*.ts', '!src/scripts/generated.ts'],
  coverageProvider: 'v8',
  coverageReporters: ['text', 'lcov'],
  coverageThreshold: { global: { statements: 90, branches: 85, functions: 90, lines: 90 } },
  // Two cores: more processes than that and the tests measure one another.
  maxWorkers: 2,
};
