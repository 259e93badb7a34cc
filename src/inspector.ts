import type { Client } from './connection';
import type { HistoryOptions, InstanceInfo, JobInfo, RunRecord } from './inspection';
import type { Keys } from './keys';
import type { Connection } from './options';

/** Looks at a fleet and steers it, without being one of its instances. Every call rejects with what Redis refused. */
export declare class Inspector {
  readonly client: Client;
  readonly keys: Keys;
  jobs(): Promise<JobInfo[]>;
  fleet(): Promise<InstanceInfo[]>;
  history(name: string, options?: HistoryOptions): Promise<RunRecord[]>;
  /** @returns when the demand was made: its run has this as its `demandedAt` */
  demand(name: string): Promise<number>;
  /** The run of a demand, when it has ended; null before. */
  runOf(name: string, demandedAt: number): Promise<RunRecord | null>;
  fire(name: string): Promise<void>;
  /** Deletes all that Redis keeps of a job, save for a lock. False when there was nothing. Ask `fleet` first. */
  forget(name: string): Promise<boolean>;
  /** Closes the connection; never rejects. */
  close(): Promise<void>;
}

/**
 * Connects.
 *
 * @param options `timeout`: ms, 5000 by default
 * @throws BossmanError `CONNECTION` when Redis is not reached, with the reason and the address in its message (no password)
 * @throws TypeError or RangeError at once for options that mean nothing, as `new Bossman` does
 */
export declare function openInspector(options: {
  connection?: Connection | undefined;
  prefix?: string | undefined;
  timeout?: number | undefined;
}): Promise<Inspector>;
