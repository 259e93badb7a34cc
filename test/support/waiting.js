const { default: TestRunner } = require('jest-runner');

/** As a test that waits takes a tenth of a core, or less. */
const TESTS_PER_WORKER = 4;

/** Runs more test files beside each other than there are workers for tests that compute. */
module.exports = class extends TestRunner {
  constructor(config, ...rest) {
    const { maxWorkers } = config;
    super({ ...config, maxWorkers: maxWorkers > 1 ? maxWorkers * TESTS_PER_WORKER : 1 }, ...rest);
  }
};
