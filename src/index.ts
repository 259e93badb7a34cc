import { Bossman } from './bossman';
import { BossmanError } from './errors';
import { nextSlots } from './schedule/next-slots';

// The class is the module, so that `require('bossman')` gives it; its other exports hang on it, one plain line each, as
// Node finds the names of a CommonJS module's exports by reading such lines. Their types are at the end of bossman.ts.
module.exports = Bossman;
module.exports.default = Bossman;
module.exports.Bossman = Bossman;
module.exports.BossmanError = BossmanError;
module.exports.nextSlots = nextSlots;
export = Bossman;
