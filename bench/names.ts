/** What is measured, in the order of the tables. `floors` are no distributed schedulers: what is there to be reached. */
export const PEERS = ['bossman', 'original', 'bullmq', 'agenda', 'croner', 'floor'] as const;
export type PeerName = (typeof PEERS)[number];

/** Schedulers that a fleet can share; ratios are to the best of them. */
export const RIVALS: readonly PeerName[] = ['original', 'bullmq', 'agenda'];
export const FLEETS: readonly PeerName[] = ['bossman', ...RIVALS];

/** Where the version of each is said; croner and floor are beside them. */
export const PACKAGES: Partial<Record<PeerName, string>> = {
  original: 'bossbat',
  bullmq: 'bullmq',
  agenda: 'agenda',
  croner: 'croner',
};

/** Each peer has a Redis database of its own; 0 is the harness's. */
export function databaseOf(peer: PeerName): number {
  return PEERS.indexOf(peer) + 1;
}

export function jobNames(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `job-${index}`);
}
