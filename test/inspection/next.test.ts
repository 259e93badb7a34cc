import { makeFleet } from '../support/fleet';
import { waitFor } from '../support/wait';

const fleet = makeFleet();
const work = () => {};
const HOUR = 3_600_000;

it('next returns the next slots of a job of the fleet, hired here or not', async () => {
  const [fred, other] = [fleet.join(), fleet.join()];
  await fred.hire('hourly', { every: '1 hour', work });
  await fred.hire('nightly', { cron: '0 3 * * *', tz: 'UTC', work });
  await fred.hire('on demand', { work });

  const [first = 0, ...others] = await other.next('hourly', { count: 3 });
  expect(first).toBe((await fred.jobs()).find(({ name }) => name === 'hourly')?.nextSlot);
  expect(others).toEqual([first + HOUR, first + 2 * HOUR]);
  const nights = await other.next('nightly');
  expect(nights).toHaveLength(5);
  expect(nights.every((slot) => slot % (24 * HOUR) === 3 * HOUR)).toBe(true);
  expect(await other.next('on demand')).toEqual([]);
  expect(await other.next('nobody hires this')).toEqual([]);
});

it('next returns nothing for a fired job, and only future slots for one whose slot has passed', async () => {
  const fred = fleet.join();
  await fred.hire('fired', { every: '1 hour', work });
  await fred.fire('fired');
  expect(await fred.next('fired')).toEqual([]);

  await fred.hire('late', { every: '1 hour', work });
  const [due = 0] = await fred.next('late', { count: 1 });
  await fleet.redis.zadd(`${fleet.prefix}:due`, due - 2 * HOUR, 'late');
  expect(await fred.next('late', { count: 1 })).toEqual([due]);
});

it('next and jobs return the slots after a pause', async () => {
  const fred = fleet.join();
  await fred.hire('hourly', { every: '1 hour', work });
  await fred.hire('nightly', { cron: '0 3 * * *', tz: 'UTC', work });
  const [first = 0] = await fred.next('hourly', { count: 1 });
  const until = Date.now() + 100 * HOUR;
  for (const name of ['hourly', 'nightly']) await fred.pause(name, { until, note: 'why' });
  const [later = 0] = await fred.next('hourly', { count: 1 });
  expect((later - first) % HOUR).toBe(0);
  expect(later - until).toBeGreaterThanOrEqual(0);
  expect(later - until).toBeLessThan(HOUR);
  const [night = 0] = await fred.next('nightly');
  expect([night % (24 * HOUR), night > until, night <= until + 24 * HOUR]).toEqual([3 * HOUR, true, true]);
  const [hourly, nightly] = await fred.jobs();
  const paused = {
    since: expect.any(Number),
    until,
    note: 'why',
    by: expect.stringContaining(`:${process.pid}`),
  };
  expect(hourly).toMatchObject({ name: 'hourly', nextSlot: later, paused });
  expect(nightly).toMatchObject({ name: 'nightly', nextSlot: night, paused });
  await fred.pause('hourly');
  expect(await fred.next('hourly')).toEqual([]);
  await fred.pause('never hired');
  expect(await fred.jobs()).toMatchObject([
    { name: 'hourly', nextSlot: null, orphaned: false, paused: { until: null, note: null } },
    { name: 'never hired', plan: null, nextSlot: null, orphaned: false, paused: { until: null } },
    { name: 'nightly' },
  ]);
  for (const name of ['hourly', 'nightly', 'never hired']) await fred.resume(name);
  expect(await fred.jobs()).toMatchObject([
    { name: 'hourly', nextSlot: first, paused: null },
    { name: 'nightly', paused: null },
  ]);
});

it.each([
  [{ count: 0 }, /^count: 0/],
  [{ count: 1.5 }, /^count: 1.5/],
  [null, /^options: null/],
])('next refuses %j at once', (options, message) => {
  const fred = fleet.join();
  // @ts-expect-error: some are of the wrong type
  expect(() => fred.next('job', options)).toThrow(message);
});

it('a jitter moves a job by less than its bound, the same on every instance, and its runs are on time by that', async () => {
  const names = ['a', 'b', 'c', 'd', 'e', 'f'];
  const fred = fleet.join({ jitter: 900 });
  const before = Date.now();
  await Promise.all(names.map((name) => fred.hire(name, { every: 1000, work })));
  const took = Date.now() - before;
  const first = await Promise.all(names.map(async (name) => (await fred.next(name, { count: 1 }))[0] ?? 0));
  // All at once without it.
  expect(Math.max(...first) - Math.min(...first)).toBeGreaterThan(took);
  await Promise.all(names.map((name) => fleet.join({ jitter: 900 }).hire(name, { every: 1000, work })));
  const again = await Promise.all(names.map(async (name) => (await fred.next(name, { count: 1 }))[0] ?? 0));
  for (const [index, slot] of again.entries()) expect((slot - (first[index] ?? 0)) % 1000).toBe(0);
  await waitFor('two ticks', () => fleet.told.start.filter(({ job }) => job === 'a').length >= 2);
  expect(fleet.told.plan).toEqual([]);
  for (const { slot, lateness } of fleet.told.start) {
    expect(slot).not.toBeNull();
    expect(lateness).toBeGreaterThanOrEqual(0);
  }
});

it('a jitter that is added to a running interval moves its grid by the offset, so it takes effect', async () => {
  const fred = fleet.join();
  await fred.hire('job', { every: '1 hour', work });
  const [before = 0] = await fred.next('job', { count: 1 });
  await fred.hire('job', { every: '1 hour', jitter: '30 minutes', work });
  const [info] = await fred.jobs();
  const offset = Number(/\+(\d+)$/.exec(info?.plan ?? '')?.[1]);
  expect(offset).toBeGreaterThan(0);
  expect(await fred.next('job', { count: 1 })).toEqual([before + offset]);
  await fred.hire('job', { every: '1 hour', work });
  expect(await fred.next('job', { count: 1 })).toEqual([before]);
});
