const { default: TestRunner } = require('jest-runner');

/** Runs test files one by one, when those of other runners have ended. */
module.exports = class extends TestRunner {
  isSerial = true;
};
