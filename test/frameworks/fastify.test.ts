import { freePort, post } from './http';
import { Project } from './project';

let project: Project;

beforeAll(async () => {
  project = await Project.make('Fastify');
});

afterAll(() => project.remove());

it('runs, takes demands, and ends its runs when it is stopped', async () => {
  project.edit(
    'server.mjs',
    /\(\{ slot \}\) => (app\.log\.info\(.*\))/,
    `async ({ slot }) => {
      $1;
      await new Promise((resolve) => setTimeout(resolve, 1500));
      app.log.info('engineers done');
    }`,
  );
  const port = await freePort();
  const service = project.start('node server.mjs', { PORT: port });
  await service.prints(/engineers at work/);
  expect(await post(port, '/engineers')).toBe(202);
  await service.prints(/engineers at work/, service.lines.length);
  service.signal('SIGTERM');
  expect(await service.exit()).toBe(0);
  expect(service.lines.at(-1)).toMatch(/engineers done/);
});
