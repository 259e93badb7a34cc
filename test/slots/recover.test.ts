import type Bossman from '../../src';
import { runScript } from '../support/child';
import { makeFleet } from '../support/fleet';
import { makeMemoryFleet } from '../support/memory-fleet';
import { testUrl } from '../support/redis';
import { waitFor } from '../support/wait';

const fleet = makeFleet();

/** A process hires a job and is killed in its first run. Resolves with the slot of that run. */
async function dieInRun(plan: string): Promise<number> {
  const script = `const fred = new Bossman({ connection, prefix: '${fleet.prefix}' });
    fred.hire('job', { ${plan}, work: ({ slot }) => { console.log(slot); return new Promise(() => {}); } });`;
  const { lines } = await runScript(script, testUrl(), (_line, child) => child.kill('SIGKILL'));
  return Number(lines[0]);
}

const startsOf = (slot: number) => fleet.told.start.filter((event) => event.slot === slot);

async function others(count: number, definition: Omit<Bossman.JobDefinition, 'work'>): Promise<void> {
  for (let index = 0; index < count; index += 1)
    await fleet.join().hire('job', { ...definition, work: () => {} });
}

it('the slot of an instance that died during its run is run once more, by one that starts later', async () => {
  const slot = await dieInRun("every: '1 second', ttl: 500, recover: true");
  await others(3, { every: '1 second', ttl: 5000, recover: true });
  await waitFor('the slot to be run again', () => startsOf(slot).length > 0);
  expect(startsOf(slot)).toMatchObject([{ recovered: true }]);
  await waitFor('two more slots', () => fleet.told.finish.filter(({ recovered }) => !recovered).length >= 2);
  expect(startsOf(slot)).toHaveLength(1);
  await nothingNoted();
});

/** No run is noted to be recovered; between two slots that is so. */
async function nothingNoted(): Promise<void> {
  const noted = () => fleet.redis.exists(`${fleet.prefix}:recovers`);
  await waitFor('no run to be noted', async () => (await noted()) === 0);
}

/** What an instance leaves that claimed a slot and was killed: the note, its lock, and the bell that was heard. */
async function leaveDeadRun(lockMs: number): Promise<number> {
  const token = 'd'.repeat(32);
  const stamp = (await fleet.redis.hget(`${fleet.prefix}:plans`, 'job'))?.split('|')[0];
  const [seconds] = await fleet.redis.time();
  const at = Number(seconds) * 1000;
  const next = Number(await fleet.redis.zscore(`${fleet.prefix}:due`, 'job'));
  const slot = next - 3_600_000;
  await fleet.redis.hset(`${fleet.prefix}:recovers`, 'job', `${token}:${slot}:0`);
  await fleet.redis.set(`${fleet.prefix}:lock:job`, token, 'PX', lockMs);
  await fleet.redis.publish(
    `${fleet.prefix}:bell:0`,
    `claim dddddddddddddddd ${at} ${stamp} ${slot} ${next} run 0 0 job`,
  );
  return slot;
}

it('it is not run a third time if the second run dies too, and leaves no data', async () => {
  await others(1, { every: '1 hour', ttl: 2000, recover: true });
  const slot = await leaveDeadRun(300);
  const key = `${fleet.prefix}:recovers`;
  await waitFor('the second run', () => startsOf(slot).length === 1);
  // As if it had died, and so had the token of the note: it is run no third time, and the next run clears it away.
  await fleet.redis.hset(key, 'job', `${'e'.repeat(32)}:${slot}:1`);
  await fleet.join().demand('job');
  await waitFor('the demand', () => fleet.told.finish.some(({ demandedAt }) => demandedAt !== null));
  await waitFor('the note to be gone', async () => (await fleet.redis.exists(key)) === 0);
  expect(startsOf(slot)).toHaveLength(1);
});

it('a run that ends leaves nothing to recover', async () => {
  await others(2, { every: 100, recover: true });
  await waitFor('five runs', () => fleet.told.finish.length >= 5);
  await fleet.join().fire('job');
  await nothingNoted();
  expect(fleet.told.start.filter(({ recovered }) => recovered)).toEqual([]);
});

describe('where time passes in memory', () => {
  const memory = makeMemoryFleet();
  const HOUR = 3_600_000;

  /** One of three instances that hired the job crashes in the run of its second slot. */
  async function crashInRun(definition: Omit<Bossman.JobDefinition, 'work'>): Promise<number> {
    const slot = memory.start + 2 * HOUR;
    const fred = memory.join();
    await fred.hire('job', {
      ...definition,
      every: '1 hour',
      work: (run) => (run.slot === slot ? memory.sleep('1 day') : undefined),
    });
    await memory.advance('1 hour');
    for (let count = 0; count < 2; count += 1)
      await memory.join().hire('job', { ...definition, every: '1 hour', work: () => {} });
    await memory.advance('1 hour');
    expect(memory.toldBy(fred).start.at(-1)?.slot).toBe(slot);
    memory.crash(fred);
    return slot;
  }

  it('it is run by a running instance as soon as its lock has expired, however long the interval', async () => {
    const slot = await crashInRun({ ttl: 2000, recover: true });
    await memory.advance('1 minute');
    expect(memory.told.start.filter((event) => event.slot === slot)).toMatchObject([
      { recovered: false, startedAt: slot },
      { recovered: true, startedAt: slot + 2001 },
    ]);
  });

  it.each([
    ['without `recover`', false],
    ['when the job was fired', true],
  ])('it is not run again %s', async (_why, recover) => {
    const slot = await crashInRun({ ttl: 2000, recover });
    if (recover) await memory.join().fire('job');
    await memory.advance('3 hours');
    expect(memory.told.start.filter((event) => event.slot === slot)).toHaveLength(1);
    expect(memory.told.start.filter((event) => event.recovered)).toEqual([]);
    expect(memory.told.start).toHaveLength(recover ? 2 : 5);
  });
});
