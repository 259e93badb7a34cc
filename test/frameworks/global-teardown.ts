import { rmSync } from 'node:fs';
import { dirname } from 'node:path';

export default function globalTeardown(): void {
  const { PACKED } = process.env;
  if (PACKED) rmSync(dirname(PACKED), { recursive: true, force: true });
}
