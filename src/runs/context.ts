import type { BossmanError } from '../errors';
import type { RunContext } from '../options';

/** What `work` sees of its run. The signal is made when it is asked for: most work never does. */
export class Context implements RunContext {
  #controller: AbortController | null = null;
  #reason: BossmanError | null = null;

  constructor(
    readonly job: string,
    readonly slot: number | null,
    readonly demandedAt: number | null,
    readonly recovered: boolean,
  ) {}

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#reason) this.#controller.abort(this.#reason);
    return this.#controller.signal;
  }

  /** Static, so that `work` does not see it among what it is given. */
  static abort(context: Context, reason: BossmanError): void {
    context.#reason ??= reason;
    context.#controller?.abort(reason);
  }
}
