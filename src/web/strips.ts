import type { JobInfo, RunRecord } from '../info';
import { isFailure } from '../redis/records';
import type { FleetReply, RecentRun } from './api';
import type { Source } from './source';
import { recentRun, STRIP } from './summaries';

/** The number of histories that are read at the same time. */
const AT_ONCE = 32;

interface Strip {
  runs: number;
  /** When the last run began. */
  last: number;
  recent: RecentRun[];
  /** Who ran each of them. */
  by: Runner[];
}

type Runner = Pick<RunRecord, 'by' | 'host' | 'pid' | 'outcome'>;

/** The last runs of each job, oldest first. A history is only read if it may have changed by more than one run. */
export class Strips {
  private known = new Map<string, Strip>();

  constructor(private readonly source: Pick<Source, 'recent'>) {}

  /** Returns the strips of these jobs, reads those that are unknown, and forgets all other jobs. */
  async read(jobs: readonly JobInfo[]): Promise<ReadonlyMap<string, Strip>> {
    const next = new Map<string, Strip>();
    const unknown: JobInfo[] = [];
    for (const job of jobs) {
      const strip = this.follow(job);
      if (strip) next.set(job.name, strip);
      else unknown.push(job);
    }
    for (let from = 0; from < unknown.length; from += AT_ONCE) {
      await Promise.all(
        unknown.slice(from, from + AT_ONCE).map(async ({ name, runs, lastRun }) => {
          const records = (await this.source.recent(name, STRIP)).reverse();
          const last = lastRun?.startedAt ?? 0;
          next.set(name, { runs, last, recent: records.map(recentRun), by: records.map(runnerOf) });
        }),
      );
    }
    this.known = next;
    return next;
  }

  /** A job's strip, updated by its last run if necessary; null if its history must be read. */
  private follow({ name, runs, lastRun }: JobInfo): Strip | null {
    if (lastRun === null) return { runs, last: 0, recent: [], by: [] };
    const known = this.known.get(name);
    if (!known) return null;
    if (known.runs === runs && known.last === lastRun.startedAt) return known;
    // Exactly one run was added, and `lastRun` is its record, so the history need not be read.
    if (known.runs + 1 !== runs || known.recent.length === 0) return null;
    const recent = [...known.recent, recentRun(lastRun)].slice(-STRIP);
    return { runs, last: lastRun.startedAt, recent, by: [...known.by, runnerOf(lastRun)].slice(-STRIP) };
  }

  /** How many of the known runs each instance ran, the most first. */
  shares(): FleetReply['shares'] {
    const shares = new Map<string, FleetReply['shares'][number]>();
    for (const { by: runners } of this.known.values()) {
      for (const { by, host, pid, outcome } of runners) {
        const share = shares.get(by) ?? { by, host, pid, runs: 0, failures: 0 };
        share.runs += 1;
        if (isFailure({ outcome })) share.failures += 1;
        shares.set(by, share);
      }
    }
    return [...shares.values()].sort((a, b) => b.runs - a.runs || (a.by < b.by ? -1 : 1));
  }
}

function runnerOf({ by, host, pid, outcome }: RunRecord): Runner {
  return { by, host, pid, outcome };
}
