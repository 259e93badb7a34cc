import Bossman, { type BossmanOptions } from 'bossman';

export interface Mailer {
  send(to: string): Promise<void>;
}

/** The jobs of a service. Their dependencies are parameters, so that a test can pass its own. */
export async function hireNewsletter(
  options: BossmanOptions,
  readers: string[],
  mailer: Mailer,
): Promise<Bossman> {
  const fred = new Bossman(options);
  await fred.hire('newsletter', {
    cron: '0 8 * * MON',
    tz: 'Europe/Helsinki',
    keepAlive: true,
    work: async ({ signal }) => {
      for (const reader of readers) {
        signal.throwIfAborted();
        await mailer.send(reader);
      }
    },
  });
  return fred;
}
