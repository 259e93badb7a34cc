import type { Qa } from 'bossman';

/** Sends an alert when a job has failed this many times in a row in this process, and another when it works again. */
export function alerts(inARow: number, alert: (text: string) => Promise<unknown>): Qa {
  const failures = new Map<string, number>();
  const count = (name: string) => failures.get(name) ?? 0;
  return async (name, _definition, next) => {
    try {
      const result = await next();
      if (count(name) >= inARow) await alert(`${name} works again`);
      failures.delete(name);
      return result;
    } catch (error) {
      failures.set(name, count(name) + 1);
      if (count(name) === inARow) await alert(`${name} has failed ${inARow} times in a row: ${error}`);
      throw error;
    }
  };
}
