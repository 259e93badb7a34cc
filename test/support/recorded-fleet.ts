import type Bossman from '../../src';
import { Stalls } from './stalls';

type Events = Bossman.BossmanEvents;

/** What was reported: by event, in the order of arrival. `Trouble` is what is kept of an error. */
export type Told<Trouble> = { [E in Exclude<keyof Events, 'error'>]: Events[E][0][] } & { error: Trouble[] };

/** Nothing so far. */
export function nothingTold<Trouble>(): Told<Trouble> {
  return {
    start: [],
    finish: [],
    fail: [],
    skip: [],
    lost: [],
    plan: [],
    pause: [],
    resume: [],
    steered: [],
    error: [],
  };
}

/** The instances of one test, and what they reported. */
export abstract class RecordedFleet<Trouble> {
  /** What all instances reported, in this process and in others. */
  readonly told = nothingTold<Trouble>();
  /** When this process stood still. */
  readonly stalls = new Stalls();
  private readonly byInstance = new Map<Bossman, Told<Trouble>>();
  private readonly allowed: RegExp[] = [];

  protected abstract troubleOf(error: Bossman.BossmanError): Trouble;
  /** `CODE: message` */
  protected abstract textOf(trouble: Trouble): string;

  /** What an instance of this process reported. */
  toldBy(instance: Bossman): Told<Trouble> {
    const told = this.byInstance.get(instance);
    if (!told) throw new Error('toldBy: the instance did not join this fleet');
    return told;
  }

  /** The test passes although errors are reported that match, `CODE: message`. */
  allowErrors(pattern: RegExp): void {
    this.allowed.push(pattern);
  }

  protected record(instance: Bossman): void {
    const own = nothingTold<Trouble>();
    this.byInstance.set(instance, own);
    for (const told of [own, this.told]) {
      instance.on('start', (event) => told.start.push(event));
      instance.on('finish', (event) => told.finish.push(event));
      instance.on('fail', (event) => told.fail.push(event));
      instance.on('skip', (event) => told.skip.push(event));
      instance.on('lost', (event) => told.lost.push(event));
      instance.on('plan', (event) => told.plan.push(event));
      instance.on('pause', (event) => told.pause.push(event));
      instance.on('resume', (event) => told.resume.push(event));
      instance.on('steered', (event) => told.steered.push(event));
      instance.on('error', (error) => told.error.push(this.troubleOf(error)));
    }
  }

  /** All instances of this process quit. */
  protected async quitAll(): Promise<void> {
    await Promise.all([...this.byInstance.keys()].map((instance) => instance.quit()));
  }

  /** @throws Error with what was reported and not allowed */
  protected checkErrors(): void {
    const unexpected = this.told.error
      .map((trouble) => this.textOf(trouble))
      .filter((text) => !this.allowed.some((pattern) => pattern.test(text)));
    if (unexpected.length > 0) throw new Error(`errors were told:\n${unexpected.join('\n')}`);
  }
}

/**
 * One of its kind for each test of a file, or of a `describe`: made before the test, ended after it. What is returned
 * stands for the one of the test that runs.
 */
export function madeForEachTest<T extends object>(
  make: () => T | Promise<T>,
  end: (made: T) => Promise<void>,
): T {
  let made: T | undefined;
  const current = (): T => {
    if (!made) throw new Error('a fleet of instances is for use within a test');
    return made;
  };
  beforeEach(async () => {
    made = await make();
  });
  afterEach(() => end(current()));
  const standIn: object = new Proxy(
    {},
    {
      get(_, key) {
        const value: unknown = Reflect.get(current(), key);
        return typeof value === 'function' ? value.bind(current()) : value;
      },
    },
  );
  return standIn as T;
}
