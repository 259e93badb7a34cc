import type Bossman from '../../src';
import { testFleet } from '../../src/testing';
import { madeForEachTest, RecordedFleet } from './recorded-fleet';

/**
 * Instances in memory for the tests of a file, or of a `describe`: for what takes long and is not about Redis. After a test
 * all its instances quit, and it fails if an `error` was emitted that it did not allow.
 *
 *     const fleet = makeMemoryFleet();
 *     test('…', async () => {
 *       await fleet.join().hire('a', { every: '1 hour', work });
 *       await fleet.advance('1 day');
 *       expect(fleet.told.finish).toHaveLength(24);
 *     });
 */
export function makeMemoryFleet(): MemoryFleet {
  return madeForEachTest(
    () => new MemoryFleet(),
    (fleet) => fleet.end(),
  );
}

/** The instances of one test. */
export class MemoryFleet extends RecordedFleet<Bossman.BossmanError> {
  /** Where the clock starts. */
  readonly start = Date.parse('2026-03-28T00:00:00Z');
  private readonly fleet = testFleet({ now: this.start });

  join(options: Omit<Bossman.BossmanOptions, 'connection'> = {}): Bossman {
    const instance = this.fleet.bossman(options);
    this.record(instance);
    return instance;
  }

  get now(): number {
    return this.fleet.now;
  }

  advance(time: number | string): Promise<void> {
    return this.fleet.advance(time);
  }

  sleep(time: number | string): Promise<void> {
    return this.fleet.sleep(time);
  }

  crash(instance: Bossman): void {
    this.fleet.crash(instance);
  }

  async end(): Promise<void> {
    await this.fleet.close();
    this.stalls.stop();
    this.checkErrors();
  }

  protected override troubleOf(error: Bossman.BossmanError): Bossman.BossmanError {
    return error;
  }

  protected override textOf({ code, message }: Bossman.BossmanError): string {
    return `${code}: ${message}`;
  }
}
