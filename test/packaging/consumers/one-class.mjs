import { deepStrictEqual, strictEqual } from 'node:assert';
import { createRequire } from 'node:module';
import Default, * as all from 'bossman';
import { Bossman, BossmanError, nextSlots } from 'bossman';

strictEqual(typeof Default, 'function');
strictEqual(Bossman, Default);

const required = createRequire(import.meta.url)('bossman');
strictEqual(required, Default);
strictEqual(required.default, Default);
strictEqual(required.Bossman, Default);
strictEqual(required.BossmanError, BossmanError);
strictEqual(required.nextSlots, nextSlots);

// Node's scanner has found every name. From Node 23 on it adds one of its own.
const found = Object.keys(all).filter((name) => name !== 'module.exports');
deepStrictEqual(found.sort(), Object.keys(Default).sort());
