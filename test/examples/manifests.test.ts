import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EXAMPLES, manifestOf } from './start';

const root = JSON.parse(readFileSync(join(EXAMPLES, '..', 'package.json'), 'utf8'));
const folders = readdirSync(EXAMPLES, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('package.json') && !path.includes('node_modules'))
  .map((path) => path.slice(0, -'/package.json'.length));

it.each(folders)('examples/%s depends on what it is tested with', (folder) => {
  const known = {
    ...root.devDependencies,
    ...root.dependencies,
    [root.name]: `^${root.version}`,
    // Not installed here; `npm run frameworks` installs them for examples/testing.
    'ts-jest': '^29.4.15',
    vitest: '^4.1.12',
  };
  const { dependencies } = manifestOf(folder);
  expect(dependencies).toEqual(
    Object.fromEntries(Object.keys(dependencies).map((name) => [name, known[name]])),
  );
});
