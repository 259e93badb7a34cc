import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EXAMPLES } from '../examples/start';
import { sectionOf } from './page';
import { Project } from './project';

it('vitest runs the test in the document, and ends', async () => {
  const project = await Project.make('Test runners');
  try {
    expect(await project.run('npx vitest run')).toMatch(/1 passed/);
  } finally {
    await project.remove();
  }
});

it('what Vitest and Jest change in a process harms no instance', async () => {
  const project = await Project.make();
  try {
    await project.run('npm init -y');
    await project.run('npm install bossman vitest jest');
    const program = readFileSync(join(__dirname, 'programs', 'runner.js'), 'utf8');
    project.write({
      'vitest.test.mjs': `import Bossman from 'bossman';\n${program}`,
      'jest.test.cjs': `const Bossman = require('bossman');\n${program}`,
    });
    expect(await project.run('npx vitest run --globals vitest.test.mjs')).toMatch(/2 passed/);
    expect(await project.run('npx jest jest.test.cjs')).toMatch(/2 passed/);
  } finally {
    await project.remove();
  }
});

it('the tests of examples/testing pass in a copy of the folder, with each test runner', async () => {
  const project = await Project.make();
  try {
    cpSync(join(EXAMPLES, 'testing'), project.folder, {
      recursive: true,
      filter: (path) => !path.includes('node_modules'),
    });
    await project.run('npm install bossman');
    expect(await project.run('npm start')).toMatch(/^# pass 5\n# fail 0$/m);
    expect(await project.run('npm run vitest')).toMatch(/3 passed/);
    expect(await project.run('npm run jest')).toMatch(/3 passed/);
    expect(await project.run('npm run redis')).toMatch(/^# pass 2\n# fail 0$/m);
  } finally {
    await project.remove();
  }
});

it('the bundle from the script in the document runs a job', async () => {
  const project = await Project.make();
  try {
    await project.run('npm init -y');
    await project.run('npm install bossman esbuild');
    project.write({ ...sectionOf('Bundlers').files, 'jobs.mjs': sectionOf('Bun').files['jobs.ts'] ?? '' });
    await project.run('node build.mjs');
    const service = project.start('node bundle.mjs');
    await service.prints(/engineers at work/);
    service.signal('SIGTERM');
    expect(await service.exit()).toBe(0);
  } finally {
    await project.remove();
  }
});
