// What the library needs of the runtime that it is in. `runtime.mjs URL PREFIX` prints `ok …` for each thing that works.
import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { tracingChannel } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import Bossman, { BossmanError } from 'bossman';
import { Redis } from 'ioredis';

const [, , url, prefix] = process.argv;
const warnings = [];
process.on('warning', (warning) => warnings.push(warning.message));
process.on('unhandledRejection', (error) => ok('no unhandled rejection', () => assert.fail(String(error))));

async function ok(what, check) {
  try {
    await check();
    console.log(`ok ${what}`);
  } catch (error) {
    console.log(`not ok ${what}: ${error?.stack ?? error}`);
  }
}

const within = (ms, promise) =>
  Promise.race([
    promise,
    sleep(ms, undefined, { ref: false }).then(() => Promise.reject(new Error(`not within ${ms} ms`))),
  ]);

const redis = new Redis(url);
const join = (options) => {
  const instance = new Bossman({ connection: url, prefix, ...options });
  instance.on('error', () => {});
  return instance;
};
/** Not by `once`, which rejects at any `error`, as when a connection is cut. */
const finished = (instance, job) =>
  new Promise((resolve, reject) => {
    const see = (event) => {
      if (event.job !== job) return;
      instance.off('finish', see).off('fail', see);
      if (event.cause) reject(event.cause);
      else resolve(event);
    };
    instance.on('finish', see).on('fail', see);
  });

const [fred, other] = [join({ ttl: 1000 }), join({ ttl: 1000 })];

await ok('import and require give one class', () => {
  assert.equal(createRequire(import.meta.url)('bossman'), Bossman);
});

await ok('slots begin at their time', async () => {
  await fred.hire('tick', { every: 100, work() {} });
  for (let i = 0; i < 5; i += 1) {
    const { lateness } = await within(5000, finished(fred, 'tick'));
    assert(lateness >= 0 && lateness < 500, `${lateness} ms late`);
  }
});

await ok('a cron plan in a time zone', async () => {
  await fred.hire('cron', { cron: '* * * * * *', tz: 'Europe/Helsinki', work() {} });
  const { slot } = await within(5000, finished(fred, 'cron'));
  assert.equal(slot % 1000, 0);
});

await ok('a demand of another instance', async () => {
  const channel = tracingChannel('bossman:run');
  const traced = [];
  const subscriber = {
    start: (run) => traced.push(`start ${run.job}`),
    asyncEnd: (run) => traced.push(`end ${run.job}`),
  };
  await fred.hire('wanted', { work: ({ signal }) => assert(signal instanceof AbortSignal) });
  channel.subscribe(subscriber);
  const run = finished(fred, 'wanted');
  await other.demand('wanted');
  await within(900, run);
  channel.unsubscribe(subscriber);
  const own = traced.filter((line) => line.endsWith(' wanted'));
  await ok('the diagnostics channel', () => assert.deepEqual(own, ['start wanted', 'end wanted']));
});

await ok('a demand of the original, which Redis notifies of', async () => {
  // One that comes soon after the job was hired may be missed, as one of the original's own instances would.
  await sleep(400);
  const run = finished(fred, 'wanted');
  await redis.set(`${prefix}:work:demand:wanted`, 'demand', 'PX', 1, 'NX');
  await within(5000, run);
});

await ok('an error in work, with its cause', async () => {
  const failed = once(fred, 'error');
  await fred.hire('bad', {
    work: async () => {
      throw new TypeError('outer', { cause: new Error('inner') });
    },
  });
  await fred.demand('bad');
  const [error] = await within(5000, failed);
  assert(error instanceof BossmanError);
  assert.equal(error.code, 'WORK_FAILED');
  const [run] = await fred.history('bad');
  assert.equal(run.outcome, 'failed');
  assert.equal(run.details.name, 'TypeError');
  assert.match(run.details.stack, /runtime\.mjs/);
  assert.equal(run.details.cause.message, 'inner');
});

await ok('a listener that rejects is reported', async () => {
  const failed = once(fred, 'error');
  fred.once('finish', async () => {
    throw new Error('in a listener');
  });
  const [error] = await within(5000, failed);
  assert.match(error.cause.message, /in a listener/);
});

await ok('the fleet answers', async () => {
  const fleet = await fred.fleet();
  assert.equal(fleet.length, 2);
  for (const { pid } of fleet) assert.equal(pid, process.pid);
  const jobs = await fred.jobs();
  assert.deepEqual(
    jobs.filter(({ orphaned }) => orphaned),
    [],
  );
});

await ok('what nobody listens to is a warning', async () => {
  const lonely = new Bossman({ connection: url, prefix: `${prefix}-lonely` });
  await lonely.hire('bad', { work: () => Promise.reject(new Error('unheard')) });
  await lonely.demand('bad');
  const deadline = Date.now() + 5000;
  while (!warnings.some((message) => message.includes('unheard'))) {
    assert(Date.now() < deadline, `no warning, only ${warnings}`);
    await sleep(20);
  }
  await lonely.quit();
});

await ok('quit within a run', async () => {
  const own = join({ prefix: `${prefix}-own` });
  let inside;
  await own.hire('last', {
    work: async () => {
      await own.quit();
      inside = 'settled';
    },
  });
  await own.demand('last');
  const deadline = Date.now() + 5000;
  while (inside === undefined) {
    assert(Date.now() < deadline, 'it waits for itself');
    await sleep(20);
  }
});

await ok('a connection that is cut', async () => {
  for (const type of ['normal', 'pubsub']) await redis.client('KILL', 'TYPE', type, 'SKIPME', 'yes');
  await within(5000, finished(fred, 'tick'));
  const run = finished(fred, 'wanted');
  await other.demand('wanted');
  await within(5000, run);
});

await ok('quit renews the lock of a run, waits for it, and a late one is aborted', async () => {
  let ended = 0;
  let aborted;
  const begun = once(fred, 'start');
  await fred.hire('long', {
    keepAlive: true,
    ttl: 300,
    work: async () => {
      await sleep(1200);
      ended = Date.now();
    },
  });
  await other.hire('endless', {
    keepAlive: true,
    work: ({ signal }) =>
      new Promise((_, reject) =>
        signal.addEventListener('abort', () => {
          aborted = signal.reason;
          reject(signal.reason);
        }),
      ),
  });
  await fred.demand('long');
  await other.demand('endless');
  await within(5000, begun);
  await within(5000, Promise.all([fred.quit(), other.quit({ timeout: 300 })]));
  assert(ended > 0, 'quit did not wait');
  assert.equal(aborted?.code, 'QUIT');
});

await ok('work and listeners run in the async context in which the instance was made', async () => {
  const storage = new AsyncLocalStorage();
  const seen = [];
  const see = (what) => seen.push(`${what} ${storage.getStore()}`);
  const own = storage.run('made', () => join({ prefix: `${prefix}-context` }));
  own.on('finish', ({ job }) => see(`finish ${job}`));
  await own.hire('slots', { every: 100, work: () => see('slot') });
  await storage.run('hired', () => own.hire('wanted', { work: () => see('demand') }));
  await within(5000, finished(own, 'slots'));
  const run = finished(own, 'wanted');
  await storage.run('demanded', () => own.demand('wanted'));
  await within(5000, run);
  await within(5000, finished(own, 'slots'));
  await own.quit();
  assert.deepEqual([...new Set(seen)].sort(), [
    'demand made',
    'finish slots made',
    'finish wanted made',
    'slot made',
  ]);
});

await ok('an object with private members is hired, and its context can be spread and extended', async () => {
  class Job {
    #seen = [];
    work(context) {
      const { signal, job } = { ...context };
      this.#seen.push(signal instanceof AbortSignal, job);
      for (const other of [Object.create(context), new Proxy(context, {})])
        this.#seen.push(other.signal === signal);
    }
    get seen() {
      return this.#seen;
    }
  }
  const job = new Job();
  const own = join({ prefix: `${prefix}-object` });
  await own.hire('object', job);
  const run = finished(own, 'object');
  await own.demand('object');
  await within(5000, run);
  await own.quit();
  assert.deepEqual(job.seen, [true, 'object', true, true]);
});

for (const key of await redis.keys(`${prefix}*`)) await redis.del(key);
await redis.quit();
// The process now has to end by itself.
process.on('exit', () => console.log('exited'));
