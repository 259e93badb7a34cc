import { Bossman } from './bossman';
import { BossmanError } from './errors';
import { nextSlots } from './schedule/next-slots';

// The class is the module, so that `require('bossman')` returns it. The other exports are its properties, one plain assignment
// each: Node detects the export names of a CommonJS module by such lines. Their types are at the end of bossman.ts.
module.exports = Bossman;
module.exports.default = Bossman;
module.exports.Bossman = Bossman;
module.exports.BossmanError = BossmanError;
module.exports.nextSlots = nextSlots;
export = Bossman;
