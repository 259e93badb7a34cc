/** @type {import('jest').Config} */
module.exports = {
  preset: 'ts-jest',
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  globalSetup: './test/support/global-setup.ts',
  globalTeardown: './test/support/global-teardown.ts',
  testTimeout: 60_000,
  // For npm run coverage. The floor is what the tests' own process runs: what child processes run is not counted.
  collectCoverageFrom: ['src/**/*.ts', '!src/scripts/generated.ts'],
  coverageProvider: 'v8',
  coverageReporters: ['text', 'lcov'],
  // Two cores: more processes than that and the tests measure one another.
  maxWorkers: 2,
};
