/** Work whose runs last until the door is opened. */
export class Door {
  private readonly inside: (() => void)[] = [];
  going = 0;
  /** The highest number of runs at a time. */
  most = 0;

  readonly work = async () => {
    this.going += 1;
    this.most = Math.max(this.most, this.going);
    await new Promise<void>((resolve) => this.inside.push(resolve));
    this.going -= 1;
  };

  /** Ends the runs in progress; later ones wait again. */
  open(): void {
    for (const resolve of this.inside.splice(0)) resolve();
  }
}
