import type { Qa } from 'bossman';

/**
 * Checks in with a monitor that alerts when a job does not run (a dead man's switch), such as healthchecks.io: at the start of
 * a run, and at its end, with the error if it failed.
 *
 * @param urls the check's ping URL, by job; other jobs do not check in
 */
export function healthchecks(urls: Record<string, string>): Qa {
  return async (name, _definition, next) => {
    const url = urls[name];
    if (url === undefined) return next();
    await ping(`${url}/start`);
    try {
      const result = await next();
      await ping(url);
      return result;
    } catch (error) {
      await ping(`${url}/fail`, String(error));
      throw error;
    }
  };
}

/** A check-in without an answer must neither fail nor delay a run. */
async function ping(url: string, body?: string): Promise<void> {
  const signal = AbortSignal.timeout(5000);
  await fetch(url, { method: 'POST', signal, ...(body && { body }) }).catch(() => {});
}

/** `Sentry.withMonitor`, of @sentry/node. */
type WithMonitor = <T>(
  slug: string,
  run: () => T,
  config?: { schedule: CronSchedule; timezone?: string },
) => T;
type CronSchedule = { type: 'crontab'; value: string };

/**
 * Checks in with Sentry Crons, which gets a cron job's schedule from its definition.
 *
 *     fred.qa(sentryCrons(Sentry.withMonitor));
 */
export function sentryCrons(withMonitor: WithMonitor): Qa {
  return async (name, { cron, tz }, next) => {
    // Jobs without a pattern must be set up in Sentry by hand.
    if (typeof cron !== 'string') return next();
    const schedule: CronSchedule = { type: 'crontab', value: cron };
    return withMonitor(name, async () => next(), { schedule, ...(tz && { timezone: tz }) });
  };
}
