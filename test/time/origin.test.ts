import { AsyncLocalStorage } from 'node:async_hooks';
import { channel } from 'node:diagnostics_channel';
import { Redis } from 'ioredis';
import type Bossman from '../../src';
import { turns } from '../../src/time/turns';
import { runNode } from '../support/child';
import { makeFleet } from '../support/fleet';
import { testUrl } from '../support/redis';
import { waitFor } from '../support/wait';

const fleet = makeFleet();
const store = new AsyncLocalStorage<string>();

/** Where something of the user's was called → the stores that it saw. */
class Seen {
  readonly stores = new Map<string, Set<string | undefined>>();
  private readonly counts = new Map<string, number>();

  note(where: string): void {
    this.counts.set(where, this.timesOf(where) + 1);
    this.stores.set(where, (this.stores.get(where) ?? new Set()).add(store.getStore()));
  }

  timesOf(where: string): number {
    return this.counts.get(where) ?? 0;
  }

  /** How often each store was seen, where it is not the expected one. */
  others(expected: string | undefined): string[] {
    return [...this.stores].flatMap(([where, seen]) =>
      [...seen].filter((value) => value !== expected).map((value) => `${where}: ${value}`),
    );
  }
}

/** Notes every event, and every QA. */
function watch(instance: Bossman, seen: Seen): void {
  for (const event of ['start', 'finish', 'fail', 'skip', 'lost', 'error'] as const)
    instance.on(event, () => seen.note(event));
  instance.qa(async (_name, _definition, next) => {
    seen.note('QA');
    await next();
    seen.note('QA, afterwards');
  });
}

const within = <T>(name: string, call: () => T): T => store.run(name, call);

const ORIGINS = [undefined, 'maker'] as const;

describe.each(ORIGINS)('of an instance that is made in the context %s', (origin) => {
  const join = (options?: Bossman.BossmanOptions): Bossman =>
    origin === undefined ? fleet.join(options) : within(origin, () => fleet.join(options));

  it('all slots run in that context, also after other jobs were hired in another one', async () => {
    const seen = new Seen();
    const fred = join();
    watch(fred, seen);
    await fred.hire('early', { every: 50, work: () => seen.note('early') });
    await waitFor('a run', () => seen.timesOf('early') > 0);
    await within('requester', () => fred.hire('late', { every: 20, work: () => seen.note('late') }));
    for (let index = 0; index < 50; index += 1) {
      const work = () => seen.note('many');
      within(`requester ${index}`, () => void fred.hire(`job ${index}`, { every: 30 + index, work }));
    }
    await waitFor('more runs', () => seen.timesOf('early') > 10 && seen.timesOf('many') > 200);
    expect(seen.others(origin)).toEqual([]);
    await within('quitter', () => fred.quit());
  });

  it('demands run in that context, also those made in another one', async () => {
    const seen = new Seen();
    const fred = join();
    watch(fred, seen);
    await fred.hire('own', { work: () => seen.note('own') });
    await within('requester', () => fred.demand('own'));
    await waitFor('the run', () => seen.timesOf('finish') === 1);

    const other = within('other maker', () => fleet.join());
    await within('requester', () => other.demand('own'));
    await waitFor('the run', () => seen.timesOf('finish') === 2);
    expect(seen.others(origin)).toEqual([]);
  });

  it('a failure, a lost lock, a skip and an aborted signal are reported there', async () => {
    fleet.allowErrors(/failed|next\(\)|waits no longer|gave up/);
    const seen = new Seen();
    const fred = join();
    watch(fred, seen);
    let keptNext: () => Promise<unknown> = async () => {};
    fred.qa((_name, _definition, next) => {
      keptNext = next;
      return next();
    });
    const work = () => {
      seen.note('work');
      return within('work', async () => {
        await fred.demand('another');
        throw new Error('mine');
      });
    };
    await within('requester', () => fred.hire('fails', { work }));
    await within('requester', () => fred.demand('fails'));
    await waitFor('the failure', () => seen.timesOf('error') === 1);
    await expect(within('late', () => keptNext())).rejects.toThrow('over');
    await waitFor('that', () => seen.timesOf('error') === 2);

    const aborted = ({ signal }: Bossman.RunContext) =>
      new Promise((resolve) => {
        signal.addEventListener('abort', () => {
          seen.note('abort');
          resolve(null);
        });
      });
    const stalls = { every: 40, ttl: 30, work: aborted };
    await within('requester', () => fred.hire('stalls', stalls));
    await waitFor('a lost lock', () => seen.timesOf('lost') > 0);
    await within('quitter', () => fred.quit({ timeout: 0 }));
    expect(seen.timesOf('abort')).toBeGreaterThan(0);
    expect(seen.others(origin)).toEqual([]);
  });

  it('messages on diagnostics channels are published there', async () => {
    const seen = new Seen();
    const subscriber = () => seen.note('bossman:skip');
    channel('bossman:skip').subscribe(subscriber);
    fleet.afterwards(() => channel('bossman:skip').unsubscribe(subscriber));
    const fred = join();
    const work = () => waitFor('a skip', () => seen.timesOf('bossman:skip') > 0);
    await within('requester', () => fred.hire('long', { every: 30, ttl: 60_000, work }));
    await waitFor('a skip', () => seen.timesOf('bossman:skip') > 0);
    expect(seen.others(origin)).toEqual([]);
  });

  it('a client that was made elsewhere does not bring its own context with it', async () => {
    const seen = new Seen();
    const client = within('client', () => new Redis(testUrl()));
    fleet.afterwards(() => client.disconnect());
    await within('client', () => client.ping());
    const fred = join({ connection: client });
    watch(fred, seen);
    await within('requester', () => fred.hire('a', { every: 20, work: () => seen.note('work') }));
    await waitFor('runs', () => seen.timesOf('work') > 3);
    expect(seen.others(origin)).toEqual([]);
  });
});

it("the promise of a call settles in its caller's context", async () => {
  const fred = fleet.join();
  const after = await within('requester', async () => {
    await fred.hire('a', { work: () => {} });
    const seen = [store.getStore()];
    await fred.demand('a');
    seen.push(store.getStore());
    await fred.fleet().then(() => seen.push(store.getStore()));
    await fred.quit();
    seen.push(store.getStore());
    return seen;
  });
  expect(after).toEqual(Array(4).fill('requester'));
});

it('a QA gives work, and the QAs inside it, a context of its own, which nothing else runs in', async () => {
  const seen = new Seen();
  const fred = fleet.join();
  fred.qa((_name, _definition, next) => within('QA', next));
  watch(fred, seen);
  await fred.hire('a', { every: 20, work: () => seen.note('work') });
  await waitFor('runs', () => seen.timesOf('finish') > 3);
  const storesOf = (where: string) => [...(seen.stores.get(where) ?? [])];
  expect(['work', 'QA', 'QA, afterwards'].map(storesOf)).toEqual([['QA'], ['QA'], ['QA']]);
  expect(['start', 'finish'].map(storesOf)).toEqual([[undefined], [undefined]]);
});

it('two instances that share the turns of the event loop keep a context each', async () => {
  const seen = new Seen();
  const block = () => {
    for (const end = performance.now() + 4; performance.now() < end; );
  };
  const makers = ['one', 'two'];
  for (const maker of makers) {
    const fred = within(maker, () => fleet.join({ prefix: `${fleet.prefix}-${maker}` }));
    for (let index = 0; index < 10; index += 1) {
      const work = () => {
        seen.note(`${maker} ${store.getStore()}`);
        block();
      };
      void fred.hire(`job ${index}`, { every: 100, ttl: 10_000, work });
    }
  }
  await waitFor('runs', () => makers.every((maker) => seen.timesOf(`${maker} ${maker}`) > 50));
  expect([...seen.stores.keys()].sort()).toEqual(['one one', 'two two']);
});

it('a task that waits for another turn of the event loop runs in the context in which it was added', async () => {
  const seen: (string | undefined)[] = [];
  const block = () => {
    for (const end = performance.now() + 15; performance.now() < end; );
  };
  within('first', () => turns.do(block));
  within('second', () => turns.do(() => seen.push(store.getStore())));
  const third = within('third', () => turns.call(() => seen.push(store.getStore())));
  expect(third).toBeInstanceOf(Promise);
  await third;
  expect(seen).toEqual(['second', 'third']);
});

it('no store of a caller is kept alive', async () => {
  const { lines, stderr } = await runNode([
    '--expose-gc',
    '-e',
    `const { AsyncLocalStorage } = require('node:async_hooks');
    const { setTimeout: sleep } = require('node:timers/promises');
    const Bossman = require('../../src');
    const store = new AsyncLocalStorage();
    const kept = {};
    const within = (name, call) => {
      const value = { name };
      kept[name] = new WeakRef(value);
      return store.run(value, call);
    };
    const work = async () => { await sleep(1); };
    (async () => {
      const fred = new Bossman({ connection: '${testUrl()}', prefix: '${fleet.prefix}' });
      await within('first call', () => fred.hire('first', { every: 20, work }));
      await within('hire', () => fred.hire('hour', { every: '1 hour', keepAlive: true, work }));
      await within('cron', () => fred.hire('cron', { cron: '0 0 1 1 *', recover: true, work }));
      await within('demand', () => fred.demand('hour'));
      await within('fire', () => fred.fire('cron'));
      await within('fleet', () => fred.fleet());
      await within('jobs', () => fred.jobs());
      await within('refused', () => fred.demand('nobody'));
      await sleep(100);
      for (let times = 0; times < 100; times += 1) {
        await sleep(20);
        global.gc();
        if (Object.values(kept).every((ref) => !ref.deref())) break;
      }
      console.log(JSON.stringify(Object.keys(kept).filter((name) => kept[name].deref())));
      await fred.quit();
    })();`,
  ]);
  expect({ lines, stderr }).toEqual({ lines: ['[]'], stderr: '' });
});
