const { projects } = require('../../jest.config');

const { transform, testEnvironment } = projects[0];

/**
 * For `npm run frameworks`: needs the npm registry, and minutes. One file after the other, as each starts compilers.
 * @type {import('jest').Config}
 */
module.exports = {
  transform,
  testEnvironment,
  rootDir: '../..',
  roots: ['<rootDir>/test/frameworks'],
  globalSetup: '<rootDir>/test/frameworks/global-setup.ts',
  globalTeardown: '<rootDir>/test/frameworks/global-teardown.ts',
  testTimeout: 600_000,
  maxWorkers: 1,
};
