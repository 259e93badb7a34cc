import type { BossmanError } from '../errors';
import type { RunContext } from '../options';

/** Aborts a run. The signal is created when it is first read, because most work never reads it. */
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
 * One getter for all contexts, because V8 stores objects that each have their own getter as slow and large dictionaries. The
 * getter finds the abortion through a symbol property and not a private member, because `this` may also be a Proxy or an
 * object made by `Object.create`.
 */
const SIGNAL = {
  enumerable: true,
  get(this: Context): AbortSignal {
    return this[ABORTION].signal;
  },
};

/** The argument of `work`. `signal` is an own property, so that a spread copy has it. */
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
