import { deepEqual, ok, strictEqual } from 'node:assert/strict';
import { createRequire } from 'node:module';
import Bossman from 'bossman';

const require = createRequire(import.meta.url);
const loaded = () => Object.keys(require.cache).filter((file) => /dist.(testing|memory)./.test(file));
require('bossman');
deepEqual(loaded(), []);

const { testFleet } = await import('bossman/testing');
strictEqual(require('bossman/testing').testFleet, testFleet);
ok(loaded().length > 0);

const fleet = testFleet({ now: '2026-03-28T00:00:00Z' });
const fred = new Bossman({ connection: fleet.connection });
ok(fleet.bossman() instanceof Bossman);
fred.hire('report', { every: '10 minutes', work: () => {} });
await fleet.advance('1 day');
strictEqual(fleet.runs('report').length, 144);
await fleet.close();
