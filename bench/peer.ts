/** How to connect to the private server. Each peer has a database of its own. */
export interface Connection {
  host: string;
  port: number;
  db: number;
}

/** Called when a run begins. `dueAt` is its slot in ms since the epoch; null if the peer does not name it. */
export type OnRun = (job: string, dueAt: number | null) => void;

/** One scheduler of a peer, as a service would create it in each of its processes. */
export interface Instance {
  /** Resolves when all jobs are stored. `everyMs` null: they run on demand only. */
  hire(jobs: string[], everyMs: number | null): Promise<void>;
  /** Resolves when the demand is accepted. */
  demand(job: string): Promise<void>;
  close(): Promise<void>;
}

/** Runs a peer with its own defaults, except where a measure would make no sense with them. */
export interface Peer {
  /** @param works false: the instance only demands jobs, which other instances run */
  open(connection: Connection, onRun: OnRun, works: boolean): Promise<Instance>;
}
