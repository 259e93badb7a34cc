import type { BossmanError } from '../errors';
import type { RunContext } from '../options';

/** Whether a run should stop. The signal is made when it is asked for: most work never does. */
export class Abortion {
  private controller: AbortController | null = null;
  private reason: BossmanError | null = null;

  get signal(): AbortSignal {
    this.controller ??= new AbortController();
    if (this.reason) this.controller.abort(this.reason);
    return this.controller.signal;
  }

  abort(reason: BossmanError): void {
    this.reason ??= reason;
    this.controller?.abort(reason);
  }
}

const ABORTION = Symbol('abortion');

/**
 * One getter for all contexts: V8 keeps objects with a getter of their own each in slow and large dictionaries. It finds
 * the abortion through `this`, which may also be an object made by `Object.create` or a Proxy: a private member is neither
 * inherited nor forwarded, but a property with a symbol is.
 */
const SIGNAL = {
  enumerable: true,
  get(this: Context): AbortSignal {
    return this[ABORTION].signal;
  },
};

/** What `work` sees of its run. `signal` is an own property, so that a spread copy has it. */
export class Context implements RunContext {
  declare readonly signal: AbortSignal;
  declare readonly [ABORTION]: Abortion;

  constructor(
    readonly job: string,
    readonly slot: number | null,
    readonly demandedAt: number | null,
    readonly recovered: boolean,
    abortion: Abortion,
  ) {
    Object.defineProperty(this, ABORTION, { value: abortion });
    Object.defineProperty(this, 'signal', SIGNAL);
  }

  /** A signal has no meaning in JSON. */
  toJSON(): object {
    const { job, slot, demandedAt, recovered } = this;
    return { job, slot, demandedAt, recovered };
  }
}
