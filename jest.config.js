/** @type {import('jest').Config} */
module.exports = {
  // Types are checked once for all files, by `npm run typecheck`: a test starts seconds sooner.
  transform: { '^.+\\.ts$': ['ts-jest', { tsconfig: 'test/tsconfig.json' }] },
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  globalSetup: './test/support/global-setup.ts',
  globalTeardown: './test/support/global-teardown.ts',
  testTimeout: 60_000,
  // For npm run coverage. What child processes run is not counted, so the floor is below what is tested.
  collectCoverageFrom: ['src/**/*.ts', '!src/scripts/generated.ts'],
  coverageProvider: 'v8',
  coverageReporters: ['text', 'lcov'],
  coverageThreshold: { global: { statements: 90, branches: 85, functions: 90, lines: 90 } },
  // Two cores: more processes than that and the tests measure one another.
  maxWorkers: 2,
};
