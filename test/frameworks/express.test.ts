import { freePort, post } from './http';
import { Project } from './project';

const AT_WORK = /engineers at work/;
/** The page's work, made to take long enough to be interrupted. */
const SLOW = `async () => {
    console.log('engineers at work in', process.pid);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    console.log('engineers done');
  }`;

let project: Project;
let port: string;

beforeAll(async () => {
  project = await Project.make('Express');
  await project.run('npm install pm2');
  project.edit('server.mjs', /\(\) => console\.log\('engineers.*\)/, SLOW);
});

beforeEach(async () => {
  port = await freePort();
});

afterAll(() => project.remove());

it.each([
  ['one process', 'node server.mjs', 'SIGTERM'],
  ['one process, by Ctrl-C', 'node server.mjs', 'SIGINT'],
  ['node:cluster', 'node cluster.mjs', 'SIGTERM'],
  ['pm2', 'npx pm2-runtime start ecosystem.config.cjs', 'SIGINT'],
] as const)('%s: runs, takes demands, and ends its runs when it is stopped', async (_, command, signal) => {
  const service = project.start(command, { PORT: port, PM2_HOME: `${project.folder}/.pm2` });
  await service.prints(AT_WORK);
  expect(await post(port, '/engineers')).toBe(202);
  const printed = service.lines.length;
  await service.prints(AT_WORK, printed);
  service.signal(signal);
  expect(await service.exit()).toBe(0);
  const worked = service.lines.filter((line) => /^engineers/.test(line));
  const count = (pattern: RegExp) => worked.filter((line) => pattern.test(line)).length;
  expect(worked.at(-1)).toBe('engineers done');
  expect(count(/done/)).toBe(count(AT_WORK));
});
