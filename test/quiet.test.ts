import { tracingChannel } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { Redis } from 'ioredis';
import Bossman from '../src';
import { instrument } from '../src/otel';
import { caughtUp } from './support/caught-up';
import { runScript } from './support/child';
import { type RedisServer, startServer } from './support/redis';
import { waitFor } from './support/wait';

let server: RedisServer;

beforeEach(async () => {
  server = await startServer();
});

afterEach(() => server.stop());

const RUNS = 20;

/** What an instance sends for this many demands, one after the other, and until it has quit, by command. */
async function sentFor(runs: number): Promise<Record<string, number>> {
  const fred = new Bossman({ connection: server.url });
  const watcher = new Redis(server.url);
  // By hand, for ioredis' own monitor is lost when a command is seen at the very moment at which it begins.
  const monitor = connect(server.port, '127.0.0.1');
  const seen = new Set<string>();
  const sent: Record<string, number> = {};
  let phase: 'not yet' | 'now' | 'over' = 'not yet';
  createInterface(monitor).on('line', (line) => {
    const [, source = '', command = '', argument = ''] =
      /^\+\S+ \[\d+ (\S+)\] "(\w+)" ?"?([^"]*)/.exec(line) ?? [];
    const name = command.toLowerCase();
    seen.add(name);
    if (name === 'echo') phase = argument === 'now' ? 'now' : 'over';
    // How a connection is closed is a matter of the moment.
    else if (phase === 'now' && source !== 'lua' && name !== 'quit') sent[name] = (sent[name] ?? 0) + 1;
  });
  let finished = 0;
  fred.on('finish', () => {
    finished += 1;
  });
  const demand = async () => {
    const before = finished;
    await fred.demand('a');
    await waitFor('the run', () => finished > before);
  };
  try {
    monitor.write('MONITOR\r\n');
    await once(monitor, 'data');
    await fred.hire('a', { every: '10 minutes', work: () => {} });
    // The first run loads the scripts. Once it is subscribed, the instance counts its fleet, and looks at its jobs; when
    // it has caught up, all that is over.
    await demand();
    await waitFor('the instance to be subscribed', () => seen.has('pubsub'));
    await caughtUp(fred);
    await watcher.echo('now');
    await waitFor('the monitor to have begun', () => phase === 'now');
    for (let run = 0; run < runs; run += 1) await demand();
    await fred.quit();
    await watcher.echo('over');
    await waitFor('the monitor to have seen it all', () => phase === 'over');
    return sent;
  } finally {
    await fred.quit();
    monitor.destroy();
    watcher.disconnect();
  }
}

it('a demanded run sends only demand and settle, with or without subscribers', async () => {
  // To leave, the bell is rung.
  const expected = { evalsha: 2 * RUNS, publish: 1 };
  expect(await sentFor(RUNS)).toEqual(expected);

  const heard: unknown[] = [];
  const listener = (message: unknown) => heard.push(message);
  const { start } = tracingChannel('bossman:run');
  start.subscribe(listener);
  const stop = instrument();
  try {
    expect(await sentFor(RUNS)).toEqual(expected);
    expect(heard).toHaveLength(RUNS + 1);
  } finally {
    stop();
    start.unsubscribe(listener);
  }
});

it('the library prints nothing, whatever happens to its runs', async () => {
  const script = `
    const fred = new Bossman({ connection, ttl: 100 });
    const happened = new Set();
    for (const event of ['finish', 'fail', 'skip', 'lost']) fred.on(event, () => happened.add(event));
    fred.on('error', ({ code }) => happened.add(code));
    fred.qa((name, definition, next) => {
      if (name === 'vetoed') return happened.add('veto');
      return name === 'twice' ? Promise.all([next(), next()]) : next();
    });
    const hire = (name, work = () => {}) => fred.hire(name, { every: 50, work });
    hire('done');
    hire('vetoed');
    hire('twice');
    hire('failed', () => { throw new Error('broken'); });
    // Loses its lock, after the slots in between were skipped.
    hire('slow', () => new Promise((resolve) => setTimeout(resolve, 300)));
    hire('fired').then(() => fred.fire('fired'));
    fred.demand('nobody hires this');
    const timer = setInterval(async () => {
      if (happened.size < 7) return;
      clearInterval(timer);
      await fred.quit();
      process.exitCode = 7;
    }, 20);`;
  const { code, lines, stderr } = await runScript(script, server.url);
  // finish, fail, skip, lost, veto, WORK_FAILED and NEXT_TWICE
  expect({ code, lines, stderr }).toEqual({ code: 7, lines: [], stderr: '' });
});
