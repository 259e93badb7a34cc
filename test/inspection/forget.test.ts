import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type Bossman from '../../src';
import { makeFleet } from '../support/fleet';
import { delay, waitFor } from '../support/wait';

const fleet = makeFleet();
const work = () => {};
const HERE = expect.stringContaining(`:${process.pid}`);

/** What Redis keeps under the prefix, save for answers to roll calls, which go by themselves. */
async function kept(): Promise<string[]> {
  const keys = await fleet.redis.keys(`${fleet.prefix}:*`);
  return keys.filter((key) => !key.includes(':present:')).sort();
}

/** Bytes that are in use once all else is collected. */
function heap(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  return process.memoryUsage().heapUsed;
}

/** A run that lasts until it is released. */
function longRun(): { work: Bossman.JobDefinition['work']; end: () => void } {
  let end = () => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  return { work: () => ended, end };
}

it('a job that no other instance hires is removed here, and all its data in Redis is deleted', async () => {
  const fred = fleet.join();
  await fred.hire('job', { every: '1 hour', work });
  await fred.demand('job');
  await waitFor('its run to be recorded', async () => (await fred.history('job')).length === 1);
  await fred.pause('job', { note: 'for good' });
  expect(await fred.forget('job')).toBe(true);
  expect(await kept()).toEqual([]);
  expect(await fred.jobs()).toEqual([]);
  expect((await fred.fleet()).map(({ jobs }) => jobs)).toEqual([[]]);
  expect(await fred.forget('job')).toBe(false);
});

it('while another instance hires it, it is only removed here, and the error names that instance', async () => {
  const [fred, barney] = [fleet.join(), fleet.join()];
  fleet.allowErrors(/^FORGET/);
  await fred.hire('job', { every: '1 hour', work });
  await barney.hire('job', { every: '1 hour', work });
  await waitFor('both to listen', async () => (await fleet.listeners()) === 2);
  const refusal = await fred.forget('job').catch((error: Bossman.BossmanError) => error);
  expect(refusal).toMatchObject({ code: 'FORGET', job: 'job', message: HERE });
  expect((await fred.jobs()).map(({ hiredBy }) => hiredBy)).toEqual([[barney.id]]);
  expect(await barney.forget('job')).toBe(true);
  expect(await kept()).toEqual([]);
});

it('a demand that waits is deleted, which is reported', async () => {
  const fred = fleet.join();
  fleet.allowErrors(/^FORGET/);
  await fred.demand('nobody hires this');
  expect(await fred.forget('nobody hires this')).toBe(true);
  expect(fleet.told.error.map(({ code, job }) => [code, job])).toEqual([['FORGET', 'nobody hires this']]);
  expect(await kept()).toEqual([]);
});

it('a run in progress ends as usual, keeps its lock, and restores no data', async () => {
  const fred = fleet.join();
  const run = longRun();
  await fred.hire('job', { work: run.work, ttl: 20_000, recover: true });
  await fred.demand('job');
  await waitFor('the run', () => fleet.told.start.length === 1);
  expect(await fred.forget('job')).toBe(true);
  expect(await kept()).toEqual([`${fleet.prefix}:lock:job`]);
  run.end();
  await waitFor('its lock to be released', async () => (await kept()).length === 0);
  expect(fleet.told.finish).toHaveLength(1);
});

it('a job that still runs in another instance is not forgotten', async () => {
  const [fred, barney] = [fleet.join(), fleet.join()];
  fleet.allowErrors(/^FORGET/);
  const run = longRun();
  await barney.hire('job', { work: run.work, ttl: 20_000 });
  await barney.demand('job');
  await fred.hire('job', { every: '1 hour', work });
  await waitFor('the run', () => fleet.told.start.length === 1);
  await expect(barney.forget('job')).rejects.toThrow('is hired, or runs, in');
  await expect(fred.forget('job')).rejects.toThrow('is hired, or runs, in');
  run.end();
  await waitFor('the run to be recorded', async () => (await fred.history('job')).length === 1);
  expect(await fred.forget('job')).toBe(true);
  expect(await kept()).toEqual([]);
});

it('hired again it is a new job, and its slots run; a hire that comes before the answer keeps the old one', async () => {
  const fred = fleet.join();
  fleet.allowErrors(/^FORGET/);
  await fred.hire('job', { every: 20, work });
  await waitFor('slots', () => fleet.told.finish.length >= 3);
  expect(await fred.forget('job')).toBe(true);
  const before = fleet.told.start.length;
  await fred.hire('job', { every: 20, work });
  expect((await fred.jobs()).map(({ runs }) => runs < before)).toEqual([true]);
  await waitFor('slots of the new one', () => fleet.told.start.length > before + 3);

  const forgotten = fred.forget('job');
  const hired = fred.hire('job', { every: 20, work });
  await expect(forgotten).rejects.toThrow("'job' is not forgotten");
  await hired;
  const then = fleet.told.start.length;
  await waitFor('more slots', () => fleet.told.start.length > then + 3);
});

it('hired again after this instance has answered the roll call, it keeps its data and continues', async () => {
  const fred = fleet.join();
  fleet.allowErrors(/^FORGET/);
  await fred.hire('job', { every: 20, work });
  await waitFor('slots', () => fleet.told.finish.length >= 3);
  // A listener that does not answer: the roll call waits for it.
  await fleet.hearBells();
  const forgotten = fred.forget('job');
  forgotten.catch(() => {});
  await waitFor('its own answer', async () => {
    const [answers] = await fleet.redis.keys(`${fleet.prefix}:present:*`);
    return answers !== undefined && (await fleet.redis.hlen(answers)) === 1;
  });
  const { length: before } = fleet.told.start;
  await fred.hire('job', { every: 20, work });
  await expect(forgotten).rejects.toThrow("'job' is not forgotten: this instance has hired it again");
  await waitFor('more slots', () => fleet.told.start.length > before + 3);
  const [job] = await fred.jobs();
  expect(job?.runs).toBeGreaterThan(before);
});

describe('while Redis refuses to delete it', () => {
  it('the end of a run is recorded, also of a job that is not hired any more', async () => {
    const fred = fleet.join();
    fleet.allowErrors(/^COMMAND: (forget|recovery) of 'job' failed/);
    const run = longRun();
    await fred.hire('job', { work: run.work, ttl: 20_000, recover: true });
    await fred.demand('job');
    await waitFor('the run', () => fleet.told.start.length === 1);
    await fleet.redis.set(`${fleet.prefix}:due`, 'not a sorted set');
    await expect(fred.forget('job')).rejects.toThrow('WRONGTYPE');
    await fleet.redis.del(`${fleet.prefix}:due`);
    run.end();
    await waitFor('its end', () => fleet.told.finish.length === 1);
    await waitFor('its record', async () => (await fred.history('job')).length === 1);
    expect(await fred.jobs()).toMatchObject([{ name: 'job', runs: 1, lastRun: { outcome: 'done' } }]);
    expect(await fleet.redis.hlen(`${fleet.prefix}:recovers`)).toBe(0);
    expect(await fred.forget('job')).toBe(true);
    expect(await kept()).toEqual([]);
  });
});

it('a run ends as usual and is recorded when another instance hires the job, so that it is not forgotten', async () => {
  const [fred, barney] = [fleet.join(), fleet.join()];
  fleet.allowErrors(/^FORGET/);
  const run = longRun();
  await fred.hire('job', { work: run.work, ttl: 20_000 });
  await fred.demand('job');
  await waitFor('the run', () => fleet.told.start.length === 1);
  await barney.hire('job', { work });
  await waitFor('both to listen', async () => (await fleet.listeners()) === 2);
  await expect(fred.forget('job')).rejects.toThrow('is hired, or runs, in');
  run.end();
  await waitFor('its record', async () => (await barney.history('job')).length === 1);
});

describe('the pause of a job', () => {
  /** Slots that are due within a moment run when it is not paused. */
  const runs = async (instance: Bossman) => {
    const { length: before } = fleet.toldBy(instance).start;
    await instance.hire('job', { every: 20, work });
    await waitFor('slots', () => fleet.toldBy(instance).start.length > before + 2);
  };

  it('ends when the job is forgotten, in every instance that knew of it: hired again, the job runs', async () => {
    const [fred, barney] = [fleet.join(), fleet.join()];
    await waitFor('both to listen', async () => (await fleet.listeners()) === 2);
    await fred.hire('job', { every: 20, work });
    await fred.pause('job', { note: 'for good' });
    await waitFor('both to know', () => fleet.told.pause.length === 2);
    expect(await fred.forget('job')).toBe(true);
    await runs(fred);
    expect(await fred.forget('job')).toBe(true);
    await runs(barney);
    expect((await barney.jobs()).map(({ paused }) => paused)).toEqual([null]);
  });

  it('is kept when the job is not forgotten because another instance hires it', async () => {
    const [fred, barney] = [fleet.join(), fleet.join()];
    fleet.allowErrors(/^FORGET/);
    for (const instance of [fred, barney]) await instance.hire('job', { every: 20, work });
    await waitFor('both to listen', async () => (await fleet.listeners()) === 2);
    await fred.pause('job', { note: 'for good' });
    await waitFor('both to know', () => fleet.told.pause.length === 2);
    await expect(fred.forget('job')).rejects.toThrow('is hired, or runs, in');
    const { length: before } = fleet.told.start;
    await fred.hire('job', { every: 20, work });
    await delay(300);
    expect(fleet.told.start).toHaveLength(before);
    expect(await fred.jobs()).toMatchObject([{ name: 'job', paused: { note: 'for good' } }]);
    await barney.resume('job');
    await waitFor('slots', () => fleet.told.start.length > before + 2);
  });
});

it('thousands of jobs that come and go leave neither memory nor keys behind, and share their roll calls', async () => {
  const fred = fleet.join();
  await fred.hire('stays', { every: '1 hour', work });
  const bells = await fleet.hearBells('who');
  const round = async (first: number) => {
    const names = Array.from({ length: 2000 }, (_, n) => `job ${first + n}`);
    await Promise.all(names.map((name) => fred.hire(name, { every: '1 hour', recover: true, work })));
    const forgotten = await Promise.all(names.map((name) => fred.forget(name)));
    expect(forgotten.every((wasThere) => wasThere)).toBe(true);
  };
  await round(0);
  const before = heap();
  for (let at = 1; at <= 3; at += 1) await round(2000 * at);
  expect((heap() - before) / 1e6).toBeLessThan(1);
  expect(await fleet.redis.zcard(`${fleet.prefix}:due`)).toBe(1);
  expect(await fleet.redis.hlen(`${fleet.prefix}:plans`)).toBe(1);
  // One or two for the 2,000 of each round.
  expect(bells.of('who').length).toBeLessThanOrEqual(8);
});
