import Bossman, { type BossmanOptions } from 'bossman';

export interface Mailer {
  send(to: string): Promise<void>;
}

/** The jobs of a service. What they need is handed in, so a test can hand in its own. */
export async function hireNewsletter(
  options: BossmanOptions,
  readers: string[],
  mailer: Mailer,
): Promise<Bossman> {
  const fred = new Bossman(options);
  await fred.hire('newsletter', {
    cron: '0 8 * * MON',
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
