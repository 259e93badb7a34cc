import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(__dirname, '..', '..');

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'bossman-scripts-'));
  cpSync(join(ROOT, 'package.json'), join(dir, 'package.json'));
  cpSync(join(ROOT, 'src', 'scripts'), join(dir, 'src', 'scripts'), { recursive: true });
  rmSync(join(dir, 'src', 'scripts', 'generated.ts'), { force: true });
});

afterEach(() => rmSync(dir, { recursive: true }));

it('writes the keys and arguments of each script in the order of its head', () => {
  generate();
  const written = readFileSync(join(dir, 'src', 'scripts', 'generated.ts'), 'utf8');
  expect(written).toContain('=> [_k.plans, _k.due, _k.trigger(_name)],');
  expect(written).toContain('=> [_c.name, _c.caller, _a.sequence, _c.bell],');
});

it.each([
  [
    'has no line KEYS',
    /^-- KEYS .*\n/m,
    '',
    "fire.lua uses KEYS, but no line of its head starts with '-- KEYS  '",
  ],
  [
    'has no line ARGV',
    /^-- ARGV .*\n/m,
    '',
    "fire.lua uses ARGV, but no line of its head starts with '-- ARGV  '",
  ],
  ['indents KEYS differently', '-- KEYS  ', '-- KEYS ', 'fire.lua uses KEYS, but no line of its head'],
  ['omits a key', '-- KEYS  plans, due, ', '-- KEYS  plans, ', 'but its head lists plans, trigger'],
  ['lists arguments in another order', 'name, caller', 'caller, name', 'but its head lists caller, name, '],
  [
    'lists what is not a name',
    '-- KEYS  plans',
    '-- KEYS  the plans',
    "'the plans' in its KEYS is not a name",
  ],
])('refuses a script whose head %s', (_, from, to, problem) => {
  const script = join(dir, 'src', 'scripts', 'fire.lua');
  const text = readFileSync(script, 'utf8');
  const changed = text.replace(from, to);
  expect(changed).not.toBe(text);
  writeFileSync(script, changed);
  expect(generate).toThrow(problem);
});

function generate(): void {
  execFileSync(process.execPath, [join(dir, 'src', 'scripts', 'generate.js')], { stdio: 'pipe' });
}
