import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inProject, Project } from './project';

const PROBE = 'runtime.mjs';

/** Where npm puts a runtime, which its package brings along as a dependency for each platform. */
const RUNTIMES = {
  Bun: { installer: 'node_modules/bun/install.js', run: 'npx bun', runAll: 'npx bun' },
  Deno: {
    installer: 'node_modules/deno/install.cjs',
    run: 'npx deno run --no-prompt',
    runAll: 'npx deno run -A',
  },
};

it(
  'Node has everything that the library needs',
  inProject(async (project) => {
    await project.run('npm install bossman');
    await probe(project, 'node');
  }),
);

describe.each(Object.entries(RUNTIMES))('%s', (name, { installer, run, runAll }) => {
  let project: Project;

  beforeAll(async () => {
    const runtime = name.toLowerCase();
    // Its own way to install asks the registry for the published package.
    project = await Project.make(name, (command) => (/bossman/.test(command) ? 'true' : 'npm init -y'));
    project.write({ 'package.json': '{ "private": true }' });
    await project.run(`npm install ${runtime}`);
    await project.run('npm install bossman');
    await project.run(`node ${installer}`);
  });

  afterAll(() => project.remove());

  it('has everything that the library needs', async () => {
    await probe(project, runAll);
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('runs the program of the page, and ends by %s', async (signal) => {
    const permissions = name === 'Deno' ? ' --allow-env --allow-net --allow-sys=hostname' : '';
    const program = project.start(`${run}${permissions} jobs.ts`);
    await program.prints(/engineers at work/);
    program.signal(signal);
    expect(await program.exit()).toBe(0);
  });
});

async function probe(project: Project, command: string): Promise<void> {
  project.write({ [PROBE]: readFileSync(join(__dirname, 'programs', PROBE), 'utf8') });
  const program = project.start(`${command} ${PROBE} ${project.url} probe`);
  expect(await program.exit()).toBe(0);
  expect(program.lines.filter((line) => line.startsWith('not ok'))).toEqual([]);
  expect(program.lines.filter((line) => line.startsWith('ok ')).length).toBeGreaterThan(13);
  expect(program.lines).toContain('exited');
}
