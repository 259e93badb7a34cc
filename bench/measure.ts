import type { Goal, Rows } from './goals';
import type { PeerName } from './names';
import type { Run } from './seat';
import type { Seat } from './seats';
import type { Row } from './stats';
import type { Traffic } from './traffic';

/** A measure: one file in measures/. */
export interface Measure {
  name: string;
  title: string;
  /** How it is measured, in a few sentences for the report. */
  how: string;
  /** The plot's axis is logarithmic. */
  logarithmic?: boolean;
  run(bench: Bench): Promise<void>;
  /** The goals, which are judged in every run that takes this measure. */
  goals?(rows: Rows): Goal[];
}

/** The argument of a measure's `run`. */
export interface Bench {
  readonly quick: boolean;
  /** Those of the `wanted` peers that this run measures. */
  peers(wanted: readonly PeerName[]): PeerName[];
  /** Starts a process for each peer. The processes are ended after the measure. */
  seats(peers: readonly PeerName[]): Promise<Seat[]>;
  readonly traffic: Traffic;
  /** Empties the database of a peer. */
  clear(peer: PeerName): Promise<void>;
  /** Adds values to the row of this case, quantity and peer. */
  add(row: Omit<Row, 'values'>, ...values: number[]): void;
  /** Prints a line of progress. */
  tell(line: string): void;
}

/**
 * Calls `slice` for each peer in turn, in several rounds with different orders, so that a noisy machine affects all peers
 * alike.
 */
export async function interleave<P>(
  peers: readonly P[],
  rounds: number,
  slice: (peer: P, round: number) => Promise<void>,
): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    for (let turn = 0; turn < peers.length; turn += 1) {
      const peer = peers[(turn + round) % peers.length];
      if (peer !== undefined) await slice(peer, round);
    }
  }
}

export function groupByJob(runs: Run[]): Map<string, Run[]> {
  const byJob = new Map<string, Run[]>();
  for (const run of runs) {
    const ofJob = byJob.get(run.job);
    if (ofJob) ofJob.push(run);
    else byJob.set(run.job, [run]);
  }
  return byJob;
}
