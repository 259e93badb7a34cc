import { AsyncResource } from 'node:async_hooks';

/**
 * The async context in which an instance was created: what its AsyncLocalStorages held then. All that an instance does
 * belongs to that context. Otherwise a timer, and every timer that it leads to, would keep the context of whoever hired a
 * job, and show its stores to all later runs.
 *
 * Calls enter the context on their way in, and what the user wrote is called in it on the way out. The promise that a call
 * returns settles in the context of whoever awaits it, as promises do.
 *
 * @see https://nodejs.org/api/async_context.html
 */
export class Origin {
  // AsyncLocalStorage.snapshot would do the same; Node has it from 20.5 on.
  private readonly resource = new AsyncResource('Bossman');

  /** Calls in this context, whatever context that is done from. */
  call<T>(call: () => T): T {
    return this.resource.runInAsyncScope(call);
  }
}
