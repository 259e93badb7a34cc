import { makeFaultyFleet } from '../support/faults';
import { waitFor } from '../support/wait';

const fleet = makeFaultyFleet();

const WORK_MS = 5000;
const TASK = { jobs: { job: { keepAlive: true } }, workMs: WORK_MS };

describe('a deploy during a run that outlasts its ttl', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    'by %s: the run ends, and only then the next begins',
    async (signal) => {
      const old = await fleet.spawn(TASK);
      const outside = fleet.join();
      await outside.demand('job');
      await waitFor('the run', () => old.told.start.length === 1);
      const young = await fleet.spawn(TASK);
      const leaving = old.quit(signal);
      await outside.demand('job');
      const exit = await leaving;
      expect({ code: exit.code, warnings: exit.warnings }).toEqual({ code: 0, warnings: [] });
      const [finished] = old.told.finish;
      expect(finished?.duration).toBeGreaterThan(WORK_MS - 100);
      await waitFor('the next run', () => young.told.start.length === 1);
      const endedAt = (finished?.startedAt ?? 0) + (finished?.duration ?? 0);
      // Two processes estimate Redis' clock.
      expect(young.told.start[0]?.startedAt).toBeGreaterThan(endedAt - 10);
      await waitFor('its end', () => young.told.finish.length === 1);
      expect(fleet.told.lost).toEqual([]);
      expect(old.aborted).toEqual([]);
      const runs = await outside.history('job');
      expect(runs.map(({ outcome }) => outcome)).toEqual(['done', 'done']);
    },
  );
});
