import type { Goal, Rows } from './goals';
import type { PeerName } from './names';
import type { Run } from './seat';
import type { Seat } from './seats';
import type { Row } from './stats';
import type { Traffic } from './traffic';

/** One file of measures/. */
export interface Measure {
  name: string;
  title: string;
  /** What was done, in a few sentences, for the report. */
  how: string;
  /** The plot's axis is logarithmic. */
  logarithmic?: boolean;
  run(bench: Bench): Promise<void>;
  /** Judged in every run that took this measure. */
  goals?(rows: Rows): Goal[];
}

/** What a measure is given. */
export interface Bench {
  readonly quick: boolean;
  /** Of `wanted`, those that the run is to measure. */
  peers(wanted: readonly PeerName[]): PeerName[];
  /** A process for each peer, all of them started up. They are ended after the measure. */
  seats(peers: readonly PeerName[]): Promise<Seat[]>;
  readonly traffic: Traffic;
  /** Empties the database of a peer. */
  clear(peer: PeerName): Promise<void>;
  /** Adds values to the row of this case, quantity and peer. */
  add(row: Omit<Row, 'values'>, ...values: number[]): void;
  /** Prints a line of progress. */
  tell(line: string): void;
}

/** Calls `slice` for each peer in turn, round by round, every round in another order, so that a noisy machine hurts all alike. */
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
