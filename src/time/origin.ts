import { AsyncResource } from 'node:async_hooks';

/**
 * The async context in which an instance was created, with the values of its AsyncLocalStorages. All work of the instance is
 * done in this context. Otherwise a timer would keep the context of the code that hired a job, and all later runs would see
 * its stores.
 *
 * Public methods enter this context, and the user's code is called in it. The promise that a method returns settles in the
 * caller's context, as usual.
 *
 * @see https://nodejs.org/api/async_context.html
 */
export class Origin {
  // AsyncLocalStorage.snapshot would do the same; Node has it from 20.5 on.
  private readonly resource = new AsyncResource('Bossman');

  /** Calls a function in this context. */
  call<T>(call: () => T): T {
    return this.resource.runInAsyncScope(call);
  }
}
