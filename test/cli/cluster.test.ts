import type { Finding } from '../../src/cli/checks/finding';
import { makeFleet } from '../support/fleet';
import { waitFor } from '../support/wait';
import { type ServerCluster, startCluster } from '../topologies/servers';
import { bossman, type Ended } from './cli';
import { parse } from './fleet';

const PREFIX = '{bossman}';

const fleet = makeFleet();
let cluster: ServerCluster;
let url: string;

beforeAll(async () => {
  cluster = await startCluster();
  url = `redis://127.0.0.1:${cluster.servers[0]?.port}`;
});
afterAll(() => cluster.stop());

const onCluster = (...args: string[]) => bossman([...args, '--cluster', '--url', url, '--prefix', PREFIX]);
const doctorOf = (ended: Ended) => {
  const { checks } = parse<{ checks: Finding[] }>(ended);
  return Object.fromEntries(checks.map(({ check, status }) => [check, status]));
};

test('all commands work with --cluster as with one server', async () => {
  const connection = cluster.client({ lazyConnect: true });
  const one = fleet.join({ connection, prefix: PREFIX });
  await one.hire('a', { every: '1 hour', work() {} });
  await waitFor(
    'it to be heard',
    async () => /^1 job, .* 1 instance\n/.test((await onCluster('list')).stdout),
    {
      timeoutMs: 30_000,
    },
  );
  expect(await onCluster('demand', 'a', '--wait')).toMatchObject({ status: 0, stderr: '' });
  expect((await onCluster('history', 'a')).stdout).toMatch(/ demand .* done /);
  const doctor = await onCluster('doctor', '--json');
  expect(doctorOf(doctor)).toMatchObject({
    server: 'ok',
    rights: 'ok',
    bell: 'ok',
    fleet: 'ok',
    orphans: 'ok',
  });
  expect(doctor.status).toBe(0);
});

test('options in the URL apply to every node', async () => {
  const prefixed = `${url}?keyPrefix={app}:&protocol=2&connectionName=inspector`;
  const connection = cluster.client({ lazyConnect: true, keyPrefix: '{app}:' });
  await fleet.join({ connection, prefix: 'jobs' }).hire('a', { every: '1 hour', work() {} });
  const listed = await bossman(['list', '--json', '--cluster', '--url', prefixed, '--prefix', 'jobs']);
  expect(parse<{ jobs: { name: string }[] }>(listed).jobs).toMatchObject([{ name: 'a' }]);
});

test('doctor recognises a prefix without a hash tag, and a Cluster that is used like a single server', async () => {
  const untagged = await bossman(['doctor', '--json', '--cluster', '--url', url]);
  expect({ exit: untagged.status, ...doctorOf(untagged) }).toMatchObject({
    exit: 1,
    prefix: 'fail',
    server: 'ok',
  });
  const owner = await cluster.ownerOf(`${PREFIX}:plans`);
  for (const { port } of cluster.servers) {
    const alone = await bossman([
      'doctor',
      '--json',
      '--url',
      `redis://127.0.0.1:${port}`,
      '--prefix',
      PREFIX,
    ]);
    // It works for as long as the node has the keys.
    const expected = port === owner.port ? 'warn' : 'fail';
    expect(doctorOf(alone)).toMatchObject({ topology: expected });
  }
});
