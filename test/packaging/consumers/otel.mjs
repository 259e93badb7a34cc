import { strictEqual } from 'node:assert';
import { createRequire } from 'node:module';
import { instrument } from 'bossman/otel';

const stop = instrument();
strictEqual(createRequire(import.meta.url)('bossman/otel').instrument, instrument);
stop();
