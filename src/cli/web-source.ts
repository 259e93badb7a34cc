import { BossmanError } from '../errors';
import type { Inspector } from '../inspection/inspector';
import { type Client, isCluster } from '../redis/connection';
import { explained } from '../redis/refusals';
import { readPauseOptions } from '../settings';
import type { Source } from '../web/source';
import { Failure } from './failure';
import { complain } from './output';
import type { Place } from './place';
import { open } from './session';

/** ms until a connection that was closed is opened again to receive the bell. */
const LISTEN_AGAIN = 5000;

/** A fleet that this process does not join. Closed connections are reopened on demand. */
export class WebSource implements Source {
  private opening: Promise<Inspector> | null = null;

  constructor(
    private readonly place: Place,
    private inspector: Inspector,
    readonly steered: Source['steered'],
  ) {}

  get prefix(): string {
    return this.place.prefix;
  }

  look: Source['look'] = () => this.ask((inspector) => inspector.look());
  roll: Source['roll'] = () => this.ask((inspector) => inspector.wholeRoll());
  recent: Source['recent'] = (name, last) => this.ask((inspector) => inspector.recent(name, last));
  history: Source['history'] = (name, last) => this.ask((inspector) => inspector.history(name, { last }));
  demand: Source['demand'] = (name) => this.ask((inspector) => inspector.demand(name));
  resume: Source['resume'] = (name) => this.ask((inspector) => inspector.resume(name));
  fire: Source['fire'] = (name) => this.ask((inspector) => inspector.fire(name));
  forget: Source['forget'] = (name) => this.ask((inspector) => inspector.forget(name));

  pause(name: string, options: Parameters<Source['pause']>[1]): Promise<unknown> {
    const settings = readPauseOptions(options);
    return this.ask((inspector) => inspector.pause(name, settings));
  }

  listen(heard: (message: string) => void): () => void {
    let subscriber: Client | null = null;
    let timer: NodeJS.Timeout | undefined;
    let isOver = false;
    const again = () => {
      if (!isOver) timer = setTimeout(begin, LISTEN_AGAIN);
    };
    const begin = () => {
      this.current().then(async ({ client, keys }) => {
        if (isOver) return;
        const made = isCluster(client) ? client.duplicate() : client.duplicate();
        subscriber = made;
        made.on('error', () => {});
        made.on('message', (_channel: string, message: string) => heard(message));
        made.once('end', again);
        // If subscribing is not permitted, the fleet is polled.
        await made.subscribe(keys.bell).catch(() => {});
        if (isOver) made.disconnect();
      }, again);
    };
    begin();
    return () => {
      isOver = true;
      clearTimeout(timer);
      subscriber?.disconnect();
    };
  }

  failed(error: BossmanError): void {
    complain(error.message);
  }

  async close(): Promise<void> {
    await this.inspector.close();
  }

  private async ask<T>(call: (inspector: Inspector) => Promise<T>): Promise<T> {
    const inspector = await this.current();
    try {
      return await call(inspector);
    } catch (cause) {
      throw new BossmanError('COMMAND', explained(cause, 'cli'), null, cause);
    }
  }

  /** @throws BossmanError if Redis cannot be reached */
  private async current(): Promise<Inspector> {
    if (this.inspector.client.status !== 'end') return this.inspector;
    this.opening ??= open(this.place).finally(() => {
      this.opening = null;
    });
    try {
      this.inspector = await this.opening;
      return this.inspector;
    } catch (cause) {
      const message = cause instanceof Failure ? cause.message : 'Redis cannot be reached';
      throw new BossmanError('CONNECTION', message, null, cause);
    }
  }
}
