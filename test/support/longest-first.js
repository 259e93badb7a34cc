const { default: Sequencer } = require('@jest/test-sequencer');

/** Files that take longest though they are small: they wait. */
const LONGEST = [
  'packaging',
  'inspection/deaths',
  'interop',
  'topologies/cluster',
  'faults/replies',
  'topologies/sentinel',
  'redis/hostile-options',
  'page/page',
  'slots/crowd',
  'time/wake',
  'faults/quit-keepalive',
  'slots/slots',
  'faults/deploy',
  'cli/many',
  'chaos/storm',
  'cli/trouble',
  'examples/services',
  'web/outages',
  'web/tabs',
  'slots/early',
  'slots/late',
];

const rankOf = ({ path }) => {
  const rank = LONGEST.findIndex((name) => path.endsWith(`/test/${name}.test.ts`));
  return rank < 0 ? LONGEST.length : rank;
};

/**
 * Without a record of an earlier run, as in CI, jest begins with the largest files, so that one that waits for half a minute
 * begins last, and then all wait for it.
 */
module.exports = class extends Sequencer {
  sort(tests) {
    return [...super.sort(tests)].sort((a, b) => rankOf(a) - rankOf(b));
  }
};
