import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import Bossman from '../../src';
import { startServer } from '../support/server';
import { TYPESCRIPT } from '../support/typescript';
import { delay } from '../support/wait';
import type { MemberJob } from './member';
import { type Frame, recordingOf } from './recording';
import { Terminal } from './terminal';

const COLUMNS = 118;
const ROWS = 10;
const PAGE = join(__dirname, '../../docs/watch.svg');
const TITLE =
  'bossman watch in a terminal: jobs run, one is demanded and fails, one is paused and resumed, and a process is killed, which leaves a job orphaned';

/** The jobs of each process. The first process is this one, the last one is killed. */
const SHARED: Record<string, MemberJob> = {
  heartbeat: { every: '2 seconds', ms: 14 },
  engineers: { every: '5 seconds', ms: 1200, keepAlive: true },
  invoices: { cron: '0 9 * * MON-FRI', ms: 40, fails: 'no such table: invoices' },
  import: { ms: 9000, keepAlive: true },
};
const OF_THE_LAST: Record<string, MemberJob> = { newsletter: { every: '1 day', ms: 100 } };

/** What happens while the terminal is recorded: ms after the start. */
const SCENE: [at: number, act: (fred: Bossman, last: ChildProcess) => unknown][] = [
  [3000, (fred) => fred.demand('import')],
  [5000, (fred) => fred.demand('invoices')],
  [8000, (fred) => fred.pause('engineers', { note: 'new release' })],
  [11_000, (_, last) => last.kill('SIGKILL')],
  [14_000, (fred) => fred.resume('engineers')],
];
const LENGTH = 18_000;

/** `npm run record`: writes docs/watch.svg, a recording of `watch` on a fleet of three processes. */
async function record(): Promise<void> {
  const server = await startServer();
  const started = [SHARED, { ...SHARED, ...OF_THE_LAST }].map((jobs) => start(server.url, jobs));
  const fred = new Bossman({ connection: server.url });
  fred.on('error', () => {});
  for (const [name, { ms = 0, fails, ...definition }] of Object.entries(SHARED)) {
    const work = async () => {
      await delay(ms);
      if (fails) throw new Error(fails);
    };
    await fred.hire(name, { ...definition, work });
  }
  await Promise.all(started.map((member) => once(member, 'message')));
  await fred.demand('newsletter');
  const pids = [process.pid, ...started.map(({ pid }) => pid)];
  const terminal = new Terminal(['watch', '--url', server.url], COLUMNS, ROWS);
  await terminal.shows(/newsletter/);
  const last = started.at(-1);
  for (const [at, act] of SCENE) {
    setTimeout(() => last && void act(fred, last), at);
  }
  await delay(LENGTH);
  const frames = terminal.frames.map((frame) => named(frame, pids, server.port));
  writeFileSync(PAGE, recordingOf(frames, { columns: COLUMNS, rows: ROWS, title: TITLE }));
  terminal.press('q');
  await terminal.status();
  for (const member of started) member.kill();
  await fred.quit({ timeout: 0 });
  await server.stop();
  process.exit();
}

function start(url: string, jobs: Record<string, MemberJob>): ChildProcess {
  const task = JSON.stringify({ url, prefix: 'bossman', jobs });
  return fork(join(__dirname, 'member.ts'), [task], { execArgv: TYPESCRIPT });
}

/** The same names in every recording, without a change of width. */
function named(frame: Frame, pids: readonly (number | undefined)[], port: number): Frame {
  return frame.map((line) => {
    const local = line.replace(`127.0.0.1:${port}`, 'localhost:6379');
    const whole = pids.reduce<string>((text, pid, at) => {
      const place = `${hostname()}:${pid}`;
      return text.replaceAll(place, `web-${at + 1}`.padEnd(place.length));
    }, local);
    // A narrow column cuts the host.
    return whole.replace(/ on (\S+)…/, (_, host: string) =>
      ` on ${'web-1'.slice(0, host.length)}…`.padEnd(host.length + 5),
    );
  });
}

void record();
