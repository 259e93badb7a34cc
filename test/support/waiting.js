const { default: TestRunner } = require('jest-runner');

/** As a test that waits takes about a fifth of a core. */
const TESTS_PER_WORKER = 2.5;

/** Runs more test files beside each other than there are workers for tests that compute. */
module.exports = class extends TestRunner {
  constructor(config, ...rest) {
    const { maxWorkers } = config;
    super({ ...config, maxWorkers: maxWorkers > 1 ? Math.round(maxWorkers * TESTS_PER_WORKER) : 1 }, ...rest);
  }
};
