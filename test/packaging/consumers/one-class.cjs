const { strictEqual } = require('node:assert');
const Whole = require('bossman');
const { Bossman, BossmanError } = require('bossman');

strictEqual(typeof Whole, 'function');
strictEqual(Bossman, Whole);
strictEqual(require('bossman').default, Whole);

import('bossman').then((imported) => {
  strictEqual(imported.default, Whole);
  strictEqual(imported.Bossman, Whole);
  strictEqual(imported.BossmanError, BossmanError);
});
