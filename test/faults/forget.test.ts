import { bossman } from '../cli/cli';
import { makeFaultyFleet } from '../support/faults';
import { waitFor } from '../support/wait';

const fleet = makeFaultyFleet();
const work = () => {};

it('no job is forgotten while a process is frozen that may hire it, though others answer', async () => {
  fleet.allowErrors(/^FORGET/);
  const [fred, barney] = [fleet.join(), fleet.join()];
  const member = await fleet.spawn({ jobs: { job: { every: '1 hour' } } });
  await barney.hire('other', { every: '1 hour', work });
  await fleet.heardBy(3);
  await fred.demand('job');
  await waitFor('its run to be recorded', async () => (await fred.history('job')).length === 1);
  const frozen = (await fred.fleet()).find(({ jobs }) => jobs.some(({ name }) => name === 'job'))?.id;
  member.freeze();
  const refusal = `an instance is connected, but did not answer within 600 ms (${frozen})`;
  await expect(fred.forget('job')).rejects.toMatchObject({
    code: 'FORGET',
    job: 'job',
    message: `'job' is not forgotten: another instance may hire it: ${refusal}`,
  });
  const asked = ['forget', 'job', '--url', fleet.server.url, '--prefix', fleet.prefix];
  expect(await bossman(asked)).toEqual({
    status: 1,
    stdout: '',
    stderr: `bossman: 'job' is not forgotten: an instance may hire it: ${refusal}\n`,
  });
  member.thaw();
  await waitFor('its answer', async () => (await fred.fleet()).length === 3);
  await expect(fred.forget('job')).rejects.toThrow("'job' is not forgotten: it is hired, or runs, in ");
  expect(await fred.history('job')).toHaveLength(1);
  await member.kill();
  expect(await fred.forget('job')).toBe(true);
  expect((await fred.jobs()).map(({ name }) => name)).toEqual(['other']);
}, 60_000);

it('a job is not orphaned while its only hirer is frozen, though others answer: who hires it is unknown', async () => {
  const fred = fleet.join();
  const member = await fleet.spawn({ jobs: { job: { every: '1 hour' } } });
  await fred.hire('other', { every: '1 hour', work });
  await fleet.heardBy(2);
  await fred.demand('job');
  await waitFor('its run to be recorded', async () => (await fred.history('job')).length === 1);
  const states = async () =>
    (await fred.jobs()).map(({ name, orphaned, hirersKnown }) => ({ name, orphaned, hirersKnown }));
  const other = { name: 'other', orphaned: false, hirersKnown: true };
  member.freeze();
  expect(await states()).toEqual([{ name: 'job', orphaned: false, hirersKnown: false }, other]);
  const asked = ['check', '--url', fleet.server.url, '--prefix', fleet.prefix, '--json'];
  const { status, stdout } = await bossman(asked);
  expect(status).toBe(1);
  expect(JSON.parse(stdout).faults).toEqual([
    {
      job: null,
      fault: 'unknown',
      found: expect.stringContaining('an instance is connected, but did not answer'),
    },
  ]);
  member.thaw();
  await waitFor('its answer', async () => (await states()).every(({ hirersKnown }) => hirersKnown));
  await member.kill();
  expect(await states()).toEqual([{ name: 'job', orphaned: true, hirersKnown: true }, other]);
}, 60_000);
