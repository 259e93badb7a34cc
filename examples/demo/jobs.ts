/** A job of the demo, as every member hires it. */
export interface DemoJob {
  name: string;
  plan: { every: string } | { cron: string } | null;
  /** ms from slot to slot; null: it only takes demands. */
  periodMs: number | null;
  /** ms that its work takes. */
  workMs: number;
}

/** Too frequent to print each run. */
export const HEARTBEAT = 'heartbeat';
/** Has no plan: it runs only on demand. */
export const INVOICE = 'invoice';

/** The jobs that every member hires. */
export const JOBS: readonly DemoJob[] = [
  { name: HEARTBEAT, plan: { every: '250 ms' }, periodMs: 250, workMs: 5 },
  { name: 'report', plan: { every: '2 seconds' }, periodMs: 2000, workMs: 300 },
  { name: 'digest', plan: { cron: '*/3 * * * * *' }, periodMs: 3000, workMs: 100 },
  { name: INVOICE, plan: null, periodMs: null, workMs: 150 },
];

/** The plan in words. */
export function planOf({ plan }: DemoJob): string {
  if (plan === null) return 'on demand';
  return 'every' in plan ? `every ${plan.every}` : `cron ${plan.cron}`;
}
