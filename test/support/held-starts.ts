import type { Starts } from '../../src/slots/starts';

/** Called when a slot was won, before it waits for its time; what it returns is awaited. */
export const winning: { hold: (() => Promise<void>) | null } = { hold: null };

/** For `jest.mock('…/src/slots/starts', …)`, which a test file calls itself, as only that comes before its imports. */
export function heldStarts() {
  const actual: { Starts: typeof Starts } = jest.requireActual('../../src/slots/starts');
  class HeldStarts extends actual.Starts {
    override async wait(name: string, ms: number): Promise<boolean> {
      await winning.hold?.();
      return super.wait(name, ms);
    }
  }
  return { ...actual, Starts: HeldStarts };
}
