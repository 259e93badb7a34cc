import { Counted } from './counted';

/** Work whose runs last until the door is opened. */
export class Door extends Counted {
  private readonly inside: (() => void)[] = [];

  constructor() {
    super(() => new Promise<void>((resolve) => this.inside.push(resolve)));
  }

  /** Ends the runs in progress; later ones wait again. */
  open(): void {
    for (const resolve of this.inside.splice(0)) resolve();
  }
}
