const { default: TestRunner } = require('jest-runner');

/** A test that waits uses a tenth of a core or so. */
const WAITING_PER_WORKER = 3;
/** This many more files compute than there are workers, because each also waits for processes that it started. */
const MORE = { beside: 1, alone: 2 };

/**
 * Runs test files that wait and test files that compute at the same time. When the former have ended, more compute.
 */
module.exports = class extends TestRunner {
  constructor(config, ...rest) {
    super(config, ...rest);
    this.workers = config.maxWorkers;
    this.waiting = new TestRunner({ ...config, maxWorkers: this.workers * WAITING_PER_WORKER }, ...rest);
    this.computing = new TestRunner({ ...config, maxWorkers: this.workers + MORE.alone }, ...rest);
  }

  on(...subscription) {
    const ends = [
      super.on(...subscription),
      this.waiting.on(...subscription),
      this.computing.on(...subscription),
    ];
    return () => {
      for (const end of ends) end();
    };
  }

  async runTests(tests, watcher, options) {
    if (options.serial) return super.runTests(tests, watcher, options);
    const waits = (test) => test.context.config.displayName?.name === 'waits';
    const gate = new Gate(this.workers + MORE.beside);
    this.computing.on('test-file-start', () => gate.enter());
    for (const end of ['test-file-success', 'test-file-failure']) this.computing.on(end, () => gate.leave());
    await Promise.all([
      this.waiting
        .runTests(tests.filter(waits), watcher, options)
        .finally(() => gate.widen(this.workers + MORE.alone)),
      this.computing.runTests(
        tests.filter((test) => !waits(test)),
        watcher,
        options,
      ),
    ]);
  }
};

/** Admits as many files as there is room for, in the order in which they arrive. */
class Gate {
  inside = 0;
  queue = [];

  constructor(room) {
    this.room = room;
  }

  enter() {
    return new Promise((resolve) => {
      this.queue.push(resolve);
      this.admit();
    });
  }

  leave() {
    this.inside -= 1;
    this.admit();
  }

  widen(room) {
    this.room = room;
    this.admit();
  }

  admit() {
    while (this.inside < this.room && this.queue.length > 0) {
      this.inside += 1;
      this.queue.shift()();
    }
  }
}
