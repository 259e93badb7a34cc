import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import { findRedis } from '../../test/support/redis';
import { EventLog } from './event-log';
import { Scenario } from './scenario';
import { paint, Screen } from './screen';
import { tellVerdict } from './verdict';

// About twenty seconds in the life of a fleet, on a real Redis. One process is killed and one is frozen. At the end, every slot
// must have run once, or an event must have reported why not.

const INTERRUPTED = 130;

async function main(): Promise<number> {
  const screen = new Screen();
  const found = await findRedis({ log: (line) => screen.line(line) });
  const prefix = `bossman-demo-${randomBytes(4).toString('hex')}`;
  const log = new EventLog(screen);
  const scenario = new Scenario({ url: found.url, prefix }, log);
  // From here on, a signal must clean up before it ends this process.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => scenario.interrupt());
  screen.line(`Redis: ${found.how}`);
  const redis = new Redis(found.url);
  const subscriber = redis.duplicate();
  try {
    subscriber.on('message', (_channel, message) => scenario.onBell(message));
    await subscriber.subscribe(`${prefix}:bell:${redis.options.db ?? 0}`);
    log.begin();
    await scenario.run().finally(() => scenario.end());
    log.end();
    return tellVerdict(screen, scenario) ? 0 : 1;
  } catch (error) {
    log.end();
    if (!scenario.isInterrupted) throw error;
    screen.line('Interrupted.');
    return INTERRUPTED;
  } finally {
    await removeKeys(redis, prefix).finally(() => {
      subscriber.disconnect();
      redis.disconnect();
      return found.stop();
    });
  }
}

async function removeKeys(redis: Redis, prefix: string): Promise<void> {
  for await (const keys of redis.scanStream({ match: `${prefix}:*` })) {
    if (keys.length > 0) await redis.unlink(keys);
  }
}

main().then(
  (status) => {
    process.exitCode = status;
  },
  (error: unknown) => {
    console.error(paint('red', error instanceof Error ? error.message : String(error)));
    process.exitCode = 1;
  },
);
