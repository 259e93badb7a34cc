/**
 * Compares this library with its peers; see USAGE. A full run writes RESULTS.md, the plots, and the figures behind them.
 * Measures that it did not take keep the figures of an earlier run.
 */
import { startServer } from '../test/support/server';
import { judge, Rows, type Verdict } from './goals';
import type { Bench, Measure } from './measure';
import { MEASURES } from './measures';
import { databaseOf, type PeerName } from './names';
import { type Options, readOptions, USAGE } from './options';
import { goalsTable, resultTable } from './report';
import { describeRun, type Result, saveResult, writeReport } from './results';
import { Seat } from './seats';
import { type Row, summaryRow } from './stats';
import { Traffic } from './traffic';

async function main(): Promise<void> {
  const options = readOptions(
    process.argv.slice(2),
    MEASURES.map(({ name }) => name),
  );
  const server = await startServer();
  const traffic = new Traffic(server.port);
  const verdicts: Verdict[] = [];
  const began = performance.now();
  try {
    const run = describeRun(await traffic.version(), options.quick);
    for (const measure of MEASURES) {
      if (!options.only.includes(measure.name)) continue;
      const seconds = Math.round((performance.now() - began) / 1000);
      console.log(`\n[${seconds} s] ${measure.title}`);
      const rows = await take(measure, traffic, options);
      const judged = (measure.goals?.(new Rows(rows)) ?? []).map(judge);
      const result: Result = { ...run, measure: measure.name, rows: rows.map(summaryRow), verdicts: judged };
      console.log(resultTable(result));
      verdicts.push(...judged);
      if (!options.quick) saveResult(result);
    }
  } finally {
    traffic.close();
    await server.stop();
  }
  if (!options.quick) writeReport(MEASURES);
  console.log(`\n${goalsTable(verdicts)}`);
  if (verdicts.some(({ met }) => met === false)) process.exitCode = 1;
}

async function take(measure: Measure, traffic: Traffic, options: Options): Promise<Row[]> {
  const rows = new Map<string, Row>();
  const seats: Seat[] = [];
  const bench: Bench = {
    quick: options.quick,
    traffic,
    peers: (wanted) => wanted.filter((peer) => options.peers.includes(peer)),
    async seats(peers) {
      const started = peers.map(
        (peer) => new Seat(peer, { host: '127.0.0.1', port: traffic.port, db: databaseOf(peer) }),
      );
      seats.push(...started);
      await Promise.all(started.map((seat) => seat.call('ready')));
      return started;
    },
    clear: (peer: PeerName) => traffic.clear(databaseOf(peer)),
    add(row, ...values) {
      const key = `${row.case}\n${row.quantity}\n${row.peer}`;
      const known = rows.get(key);
      if (known) known.values.push(...values);
      else rows.set(key, { ...row, values });
    },
    tell: (line) => console.log(`  ${line}`),
  };
  try {
    await measure.run(bench);
  } finally {
    await Promise.all(seats.map((seat) => seat.end()));
  }
  return [...rows.values()];
}

main().catch((error) => {
  console.error(error instanceof Error ? error.message : error, `\n\n${USAGE}`);
  process.exitCode = 2;
});
