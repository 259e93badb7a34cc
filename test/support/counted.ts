/** Counts the runs in progress. */
export class Counted {
  going = 0;
  /** The highest number of runs at a time. */
  most = 0;

  /** @param during called once for each run; the run lasts until its promise resolves */
  constructor(private readonly during: () => Promise<unknown>) {}

  readonly work = async () => {
    this.going += 1;
    this.most = Math.max(this.most, this.going);
    await this.during();
    this.going -= 1;
  };
}
