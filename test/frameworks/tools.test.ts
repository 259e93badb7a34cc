import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EXAMPLES } from '../examples/start';
import { sectionOf } from './page';
import { inProject } from './project';

it(
  'vitest runs the test in the document, and ends',
  inProject(async (project) => {
    expect(await project.run('npx vitest run')).toMatch(/1 passed/);
  }, 'Test runners'),
);

it(
  'what Vitest and Jest change in a process harms no instance',
  inProject(async (project) => {
    await project.run('npm init -y');
    await project.run('npm install bossman vitest jest');
    const program = readFileSync(join(__dirname, 'programs', 'runner.js'), 'utf8');
    project.write({
      'vitest.test.mjs': `import Bossman from 'bossman';\n${program}`,
      'jest.test.cjs': `const Bossman = require('bossman');\n${program}`,
    });
    expect(await project.run('npx vitest run --globals vitest.test.mjs')).toMatch(/3 passed/);
    expect(await project.run('npx jest jest.test.cjs')).toMatch(/3 passed/);
  }),
);

it(
  'the types are right for the oldest TypeScript and for 5.9, with ioredis 5 and the oldest types of Node',
  inProject(async (project) => {
    await project.run('npm init -y');
    await project.run('npm install bossman ioredis-5@npm:ioredis@5 @types/node@20.10');
    const consumer = join(__dirname, '..', 'packaging', 'consumers', 'other-versions.ts');
    project.write({ 'versions.mts': readFileSync(consumer, 'utf8') });
    for (const [version, options] of [
      ['5.0', '--strict'],
      // For it, these types of Node are not right.
      ['5.9', '--strict --skipLibCheck'],
    ]) {
      await project.run(`npm install --no-save typescript@${version}`);
      for (const modules of ['--module node16', '--module esnext --moduleResolution bundler'])
        await project.run(`npx tsc --noEmit ${options} --target es2022 --types node ${modules} versions.mts`);
    }
  }),
);

it(
  'a client of node_redis is refused, with what to pass instead',
  inProject(async (project) => {
    await project.run('npm init -y');
    await project.run('npm install bossman redis@5 redis-4@npm:redis@4');
    project.write({
      'clients.mjs': `
      import Bossman from 'bossman';
      import * as five from 'redis';
      import * as four from 'redis-4';
      const { REDIS_URL: url } = process.env;
      const made = [five, four].flatMap((library) => [
        library.createClient({ url }),
        library.createCluster({ rootNodes: [{ url }] }),
        library.createClientPool?.({ url }),
        library.createSentinel?.({ name: 'chief', sentinelRootNodes: [{ host: 'localhost', port: 1 }] }),
      ]);
      for (const connection of made.filter(Boolean)) {
        for (const options of [{ connection }, connection]) {
          try {
            new Bossman(options);
            console.log('accepted');
          } catch (error) {
            console.log(String(error));
          }
        }
      }`,
    });
    const refused = project.start('node clients.mjs');
    expect(await refused.exit()).toBe(0);
    const inConnection =
      'TypeError: connection: a client of a library other than ioredis; use a client of ioredis, a URL, or { host, port }';
    const asOptions = 'TypeError: options: a client belongs in connection: new Bossman({ connection })';
    // Four classes of one version, and two of the other.
    expect(refused.lines).toEqual(Array(6).fill([inConnection, asOptions]).flat());
  }),
);

it(
  'the tests of examples/testing pass in a copy of the folder, with each test runner',
  inProject(async (project) => {
    cpSync(join(EXAMPLES, 'testing'), project.folder, {
      recursive: true,
      filter: (path) => !path.includes('node_modules'),
    });
    await project.run('npm install bossman');
    expect(await project.run('npm start')).toMatch(/^# pass 5\n# fail 0$/m);
    expect(await project.run('npm run vitest')).toMatch(/3 passed/);
    expect(await project.run('npm run jest')).toMatch(/3 passed/);
    expect(await project.run('npm run redis')).toMatch(/^# pass 2\n# fail 0$/m);
  }),
);

it(
  'the bundle from the script in the document runs a job',
  inProject(async (project) => {
    await project.run('npm init -y');
    await project.run('npm install bossman esbuild');
    project.write({ ...sectionOf('Bundlers').files, 'jobs.mjs': sectionOf('Bun').files['jobs.ts'] ?? '' });
    await project.run('node build.mjs');
    const service = project.start('node bundle.mjs');
    await service.prints(/engineers at work/);
    service.signal('SIGTERM');
    expect(await service.exit()).toBe(0);
  }),
);
