/** Where the private server is; each peer has a database of its own. */
export interface Connection {
  host: string;
  port: number;
  db: number;
}

/** Told of each run as it begins; `dueAt` in ms since the epoch, null when the peer does not say. */
export type OnRun = (job: string, dueAt: number | null) => void;

/** One scheduler of a peer, as a service would make it in each of its processes. */
export interface Instance {
  /** Resolves when all jobs are stored. `everyMs` null: they run on demand only. */
  hire(jobs: string[], everyMs: number | null): Promise<void>;
  /** Resolves when the demand is accepted. */
  demand(job: string): Promise<void>;
  close(): Promise<void>;
}

/** How a peer is driven: its own defaults, save where a measure would make no sense with them. */
export interface Peer {
  /** @param works false: it only demands what other instances run */
  open(connection: Connection, onRun: OnRun, works: boolean): Promise<Instance>;
}
