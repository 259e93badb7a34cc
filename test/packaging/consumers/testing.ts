// Compiled and run as .ts, .mts and .cts, under every set-up of packaging.test.ts.
import { strictEqual } from 'node:assert';
import { Bossman, type BossmanOptions, type FleetConnection, type RunRecord } from 'bossman';
import { type TestFleet, type TestFleetOptions, testFleet } from 'bossman/testing';

/** Never called: it is written for the compiler. */
export async function use(): Promise<void> {
  const options: TestFleetOptions = { now: new Date(0) };
  const fleet: TestFleet = testFleet(options);
  testFleet({ now: 0 });
  testFleet({ now: '2026-03-28T00:00:00Z' });
  const fred: Bossman = fleet.bossman({ prefix: 'mine', concurrency: 3 });
  const connection: FleetConnection = fleet.connection;
  const given: BossmanOptions = { connection };
  new Bossman(given);
  await fleet.advance('1 day');
  await fleet.advance(0);
  const runs: RunRecord[] = fleet.runs('report');
  const now: number = fleet.now;
  await fleet.sleep('10 minutes');
  fleet.crash(fred);
  await fleet.close();
  strictEqual(runs.length, now);

  // @ts-expect-error: the connection is the fleet's
  fleet.bossman({ connection });
  // @ts-expect-error: the clock is moved by advance
  fleet.now = 0;
  // @ts-expect-error: a duration is meant
  fleet.advance(new Date());
  // @ts-expect-error: no such option
  testFleet({ start: 0 });
}

strictEqual(typeof testFleet, 'function');
