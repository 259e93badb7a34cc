import type { InstanceInfo, JobInfo, RunRecord } from '../info';
import type { Attention } from '../inspection/attention';

/*
 * The HTTP API of `bossman/web`, as JSON. All paths are relative to the folder in which the page is served; the page's
 * script finds that folder from its own address, `BASE/assets/…`. Instants are ms since the epoch on Redis' clock.
 *
 * | request                                              | answer                        |
 * | ---------------------------------------------------- | ----------------------------- |
 * | GET api/jobs                                         | JobsReply                     |
 * | GET api/jobs/NAME                                    | JobReply, or 404              |
 * | GET api/jobs/NAME/history?last=100                   | HistoryReply                  |
 * | GET api/fleet                                        | FleetReply                    |
 * | GET api/ahead                                        | AheadReply                    |
 * | GET api/events                                       | server-sent events, see below |
 * | POST api/jobs/NAME/demand, pause, resume, fire, forget | ActionReply                 |
 *
 * NAME is encoded by `segmentOf`. Every status from 400 on comes with an ErrorReply. A POST needs the header
 * `content-type: application/json` and a JSON body: a PauseRequest for `pause`, else `{}`.
 */

export type { Attention };

/** What a viewer may do. */
export type Access = 'read' | 'write';

export type Action = 'demand' | 'pause' | 'resume' | 'fire' | 'forget';

/** A run in a job's strip of recent runs. */
export type RecentRun = Pick<
  RunRecord,
  'slot' | 'startedAt' | 'durationMs' | 'lateness' | 'outcome' | 'error'
>;

/** A job in a list. */
export interface JobSummary extends Omit<JobInfo, 'running'> {
  running: RunningNow | null;
  /** Why the job needs attention, the most serious first; empty if it does not. */
  attention: Attention[];
  /** The last runs, at most 20, oldest first. Empty if no history is kept. */
  recent: RecentRun[];
}

/** As in `JobInfo`; JSON has no Infinity. */
export type RunningNow = Omit<NonNullable<JobInfo['running']>, 'lockRestMs'> & {
  /** ms until the lock expires: 0 for a run that continues without its lock, null for a lock that never expires. */
  lockRestMs: number | null;
};

/** The part that all answers have in common. */
export interface Moment {
  /** When the data was read from Redis. */
  now: number;
}

export interface JobsReply extends Moment {
  /** The fleet. */
  prefix: string;
  /** The applications of the instances, such as `shop@1.4.0`, sorted, without duplicates. */
  applications: string[];
  instances: number;
  /** `read`: the page shows no buttons, and every POST is refused. */
  access: Access;
  /** The viewer's name according to `authorize`; null if it gave none. */
  who: string | null;
  /** Sorted by name. */
  jobs: JobSummary[];
}

export interface JobReply extends Moment {
  access: Access;
  job: JobSummary;
  /** The coming slots, at most 5. Empty if the job has no plan, was fired, or is paused without an end. */
  next: number[];
  /** The instances that hire the job and have answered. */
  hiredBy: Pick<InstanceInfo, 'id' | 'host' | 'pid' | 'application'>[];
}

export interface HistoryReply extends Moment {
  /** Newest first, with `details`. */
  runs: RunRecord[];
}

export interface FleetReply extends Moment {
  instances: InstanceInfo[];
  /** How many of the recent runs of all jobs each instance ran, the most first. Includes instances that have gone. */
  shares: { by: string; host: string | null; pid: number | null; runs: number; failures: number }[];
}

/** The next 24 hours. */
export interface AheadReply extends Moment {
  /** The end of the period. */
  until: number;
  jobs: {
    name: string;
    /** At most 300 per job, and 30,000 in all. */
    slots: number[];
    /** Whether there are more slots before `until` than are listed: draw the rest as a band. */
    more: boolean;
  }[];
}

/**
 * The data of the server-sent event `ready`, which is sent at the start of each connection, including reconnects: read
 * everything then, because earlier changes may have been missed.
 */
export interface ReadyEvent extends Moment {
  /** ms between two events `alive`. If none arrives for much longer, the connection is dead: reconnect. */
  aliveMs: number;
}

/** The data of the server-sent event `alive`. */
export interface AliveEvent extends Moment {
  /** Whether Redis does not answer, so that no data is newer than `now`. When it answers again, `changed` with `all` is sent. */
  isStale: boolean;
}

/** The data of the server-sent event `changed`. */
export interface ChangedEvent extends Moment {
  /** Jobs that are new or changed, in their current state: replace those of the same name. */
  jobs: JobSummary[];
  /** Jobs that do not exist any more. */
  gone: string[];
  /** Whether too much changed for one event: read everything again. `jobs` and `gone` are empty then. */
  all: boolean;
  /** Whether the instances changed: read `api/fleet` again if it is shown. */
  fleet: boolean;
}

export interface PauseRequest {
  /** ms since the epoch, or a duration such as `2 hours`; null or omitted: until the job is resumed. */
  until?: number | string | null;
  /** The reason, at most 200 characters. */
  note?: string | null;
}

/** The result of an action. */
export interface ActionReply extends Moment {
  action: Action;
  name: string;
  /** The result in words, such as `paused 'invoices'; demands still run`. */
  message: string;
  /** The job after the action; null if it was forgotten. */
  job: JobSummary | null;
}

export interface ErrorReply {
  error: {
    /** `FORGET`, `COMMAND` and other codes of BossmanError, or `BAD_REQUEST`, `FORBIDDEN`, `READ_ONLY`, `NOT_FOUND`, … */
    code: string;
    message: string;
  };
}

/**
 * A job's name as one segment of a path: percent-encoded, or, if a browser or proxy could read it as several segments or
 * as none, `=` and the base64url encoding of its UTF-8.
 */
export function segmentOf(name: string): string {
  if (!/[/\\%]|^\.{0,2}$/.test(name)) return encodeURIComponent(name);
  const bytes = String.fromCharCode(...new TextEncoder().encode(name));
  return `=${btoa(bytes).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '')}`;
}
