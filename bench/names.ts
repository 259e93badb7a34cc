/**
 * The peers, in the order of the tables. `croner` and `floor` are not distributed schedulers; they show the best that is
 * possible.
 */
export const PEERS = ['bossman', 'original', 'bullmq', 'agenda', 'croner', 'floor'] as const;
export type PeerName = (typeof PEERS)[number];

/** Schedulers that a fleet can share. Ratios are relative to the best of them. */
export const RIVALS: readonly PeerName[] = ['original', 'bullmq', 'agenda'];
export const FLEETS: readonly PeerName[] = ['bossman', ...RIVALS];

/** The package whose version is shown for each peer. */
export const PACKAGES: Partial<Record<PeerName, string>> = {
  original: 'bossbat',
  bullmq: 'bullmq',
  agenda: 'agenda',
  croner: 'croner',
};

/** The Redis database of a peer. Database 0 belongs to the benchmark itself. */
export function databaseOf(peer: PeerName): number {
  return PEERS.indexOf(peer) + 1;
}

export function jobNames(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `job-${index}`);
}
