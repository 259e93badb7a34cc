import type Bossman from '../../src';

/**
 * Resolves when these instances have had the answers to all that they had sent, and have told what there was to tell: a
 * slot that was claimed just before a fire may begin just after it.
 */
export async function caughtUp(...instances: Bossman[]): Promise<void> {
  // What waits in a subscriber's socket may lead to another command, hence twice.
  for (let round = 1; round <= 2; round += 1) {
    // A hire without a plan stores nothing, and is answered behind all that was sent before.
    await Promise.all(instances.map((one) => one.hire('nobody demands this', { work() {} })));
    await new Promise(setImmediate);
  }
}
