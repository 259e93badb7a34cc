import type { InstanceInfo, JobInfo, RunRecord } from '../info';
import type { Attention } from '../inspection/attention';

/*
 * The HTTP API of `bossman/web`, as JSON. All paths are relative to the folder in which the page is served; a script of
 * the page finds that folder from its own address, `BASE/assets/…`. Instants are ms since the epoch on Redis' clock.
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
 * NAME is written by `segmentOf`. Every status from 400 on comes with an ErrorReply. A POST needs the header
 * `content-type: application/json` and a JSON body: a PauseRequest for `pause`, else `{}`.
 */

export type { Attention };

/** What a viewer may do. */
export type Access = 'read' | 'write';

export type Action = 'demand' | 'pause' | 'resume' | 'fire' | 'forget';

/** A run in the strip of a job. */
export type RecentRun = Pick<
  RunRecord,
  'slot' | 'startedAt' | 'durationMs' | 'lateness' | 'outcome' | 'error'
>;

/** A job in a list. */
export interface JobSummary extends Omit<JobInfo, 'running'> {
  running: RunningNow | null;
  /** Empty: nobody is needed. The gravest first. */
  attention: Attention[];
  /** The last runs, at most 20, the oldest first. Empty where no history is kept. */
  recent: RecentRun[];
}

/** As in `JobInfo`; JSON has no Infinity. */
export type RunningNow = Omit<NonNullable<JobInfo['running']>, 'lockRestMs'> & {
  /** ms until the lock ends: 0 for a run that goes on without it, null for a lock that has no end. */
  lockRestMs: number | null;
};

/** What every answer says. */
export interface Moment {
  /** When it was read from Redis. */
  now: number;
}

export interface JobsReply extends Moment {
  /** The fleet. */
  prefix: string;
  /** What the instances are, such as `shop@1.4.0`, sorted, without repetitions. */
  applications: string[];
  instances: number;
  /** `read`: the page shows no buttons, and every POST is refused. */
  access: Access;
  /** What `authorize` called the viewer; null where it did not say. */
  who: string | null;
  /** By name. */
  jobs: JobSummary[];
}

export interface JobReply extends Moment {
  access: Access;
  job: JobSummary;
  /** The coming slots, at most 5. Empty without a plan, when it is fired, and while it is paused without an end. */
  next: number[];
  /** The instances that hire it, as far as they answered. */
  hiredBy: Pick<InstanceInfo, 'id' | 'host' | 'pid' | 'application'>[];
}

export interface HistoryReply extends Moment {
  /** The newest first, with `details`. */
  runs: RunRecord[];
}

export interface FleetReply extends Moment {
  instances: InstanceInfo[];
  /** Who ran the last runs: those in `recent` of all jobs. Most runs first. Includes instances that have gone. */
  shares: { by: string; host: string | null; pid: number | null; runs: number; failures: number }[];
}

/** The coming 24 hours. */
export interface AheadReply extends Moment {
  /** The end of what it covers. */
  until: number;
  jobs: {
    name: string;
    /** At most 300 of a job, and 30,000 in all. */
    slots: number[];
    /** There are more slots before `until` than are listed: draw the rest as a band. */
    more: boolean;
  }[];
}

/**
 * The data of the server-sent event `changed`. An event `ready` (data: a Moment) is sent once the events are listened to:
 * read everything then, also after a reconnect, as what changed before may have been missed.
 */
export interface ChangedEvent extends Moment {
  /** Jobs that are new or changed, as they are now: replace those of the same name. */
  jobs: JobSummary[];
  /** Jobs that are no more. */
  gone: string[];
  /** Too much changed for one event: read everything again. `jobs` and `gone` are empty then. */
  all: boolean;
  /** The instances changed: read `api/fleet` again if it is shown. */
  fleet: boolean;
}

export interface PauseRequest {
  /** ms since the epoch, or a duration such as `2 hours`; null or left out: until somebody resumes it. */
  until?: number | string | null;
  /** Why, at most 200 characters. */
  note?: string | null;
}

/** What an action did. */
export interface ActionReply extends Moment {
  action: Action;
  name: string;
  /** In a sentence, such as `paused 'invoices' until 2026-11-24 16:00:00 UTC`. */
  message: string;
  /** The job afterwards; null when it was forgotten. */
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
 * A job's name as one segment of a path: percent-encoded, or, where a browser or proxy could take it for several segments
 * or for none, `=` and the base64url of its UTF-8.
 */
export function segmentOf(name: string): string {
  if (!/[/\\%]|^\.{0,2}$/.test(name)) return encodeURIComponent(name);
  const bytes = String.fromCharCode(...new TextEncoder().encode(name));
  return `=${btoa(bytes).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '')}`;
}
