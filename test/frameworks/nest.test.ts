import { freePort, post } from './http';
import { inProject, Project } from './project';

const AT_WORK = /engineers at work/;

it(
  'the first lines of the page run the first job',
  inProject(async (project) => {
    await project.run('npx tsc');
    await project.start('node dist/main.js', { PORT: await freePort() }).prints(AT_WORK);
  }, 'Nest'),
);

describe.each(['11', '12'])('Nest %s', (version) => {
  let project: Project;
  let port: string;

  beforeAll(async () => {
    const adapt = (command: string) => command.replace('@nestjs/cli', `@nestjs/cli@${version}`);
    project = await Project.make('Nest', adapt, { create: true });
    // Tests of the controller that the page replaces.
    await project.run('rm -f src/app.controller.spec.ts test/app.e2e-spec.ts');
    // As the page says.
    if (version === '11') await project.run(`sed -i -E "s/(from '\\..*)\\.js'/\\1'/" src/*.ts test/*.ts`);
  });

  beforeEach(async () => {
    port = await freePort();
  });

  // While another test's server is in the fleet, it may run all slots of a minute, because the instance that ran the last one goes first.
  afterEach(() => project.end());

  afterAll(() => project.remove());

  it('npm start runs the first job', async () => {
    await project.start('npm start', { PORT: port }).prints(AT_WORK);
  });

  // Vitest, which projects of Nest 12 have, names no tests that pass.
  it('the unit test and the end-to-end test in the document pass', async () => {
    expect(await project.run('npm test')).toMatch(/hires its jobs|1 passed/);
    expect(await project.run('npm run test:e2e')).toMatch(/runs on demand|1 passed/);
  });

  it('it takes demands, and ends its runs, before a database is closed, when it is stopped', async () => {
    project.edit(
      'src/engineers.ts',
      / {2}work\((.*)\) \{\n(.*)\n/,
      `  async work($1) {
    $2
    await new Promise((resolve) => setTimeout(resolve, 1500));
    console.log('engineers done');
`,
    );
    project.edit(
      'src/engineers.ts',
      /$/,
      `
@Injectable()
export class Database {
  onModuleDestroy() {
    console.log('database closed');
  }
}
`,
    );
    project.edit('src/app.module.ts', 'import { Engineers,', 'import { Database, Engineers,');
    project.edit('src/app.module.ts', 'providers: [', 'providers: [Database, ');
    await project.run('npm run build');
    const service = project.start('node dist/main', { PORT: port });
    await service.prints(AT_WORK);
    expect(await post(port, '/engineers')).toBe(202);
    await service.prints(AT_WORK, service.lines.length);
    service.signal('SIGTERM');
    expect(await service.exit()).toBe(0);
    expect(service.lines.slice(-2)).toEqual(['engineers done', 'database closed']);
  });

  it('starts while Redis is away, and runs its jobs when Redis is there', async () => {
    await project.server.kill();
    const service = project.start('node dist/main', { PORT: port });
    await service.prints(/successfully started/);
    await service.prints(/connection to .* failed/);
    await project.server.start();
    await service.prints(AT_WORK);
  });
});
