import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import type { Verdict } from './goals';
import type { Measure } from './measure';
import { PACKAGES, PEERS } from './names';
import { plotOf } from './plot';
import { reportOf } from './report';
import type { SummaryRow } from './stats';

/** The conditions of a run, without host names and paths. */
export interface RunDescription {
  /** The day, UTC. */
  date: string;
  quick: boolean;
  node: string;
  redis: string;
  cpu: string;
  cores: number;
  /** The version of each peer. */
  versions: Record<string, string>;
}

/** The stored result of one measure: summaries instead of single values. */
export interface Result extends RunDescription {
  measure: string;
  rows: SummaryRow[];
  verdicts: Verdict[];
}

const RESULTS = join(__dirname, 'results');
const PLOTS = join(__dirname, 'plots');
/** The plot that the README shows; it is part of the package. */
const SHOWN = { measure: 'demand', path: join(__dirname, '..', 'docs', 'benchmark.svg') };

export function describeRun(redis: string, quick: boolean): RunDescription {
  const [cpu] = cpus();
  return {
    date: new Date().toISOString().slice(0, 10),
    quick,
    node: process.version.slice(1),
    redis,
    cpu: cpu?.model.trim() ?? 'unknown',
    cores: cpus().length,
    versions: Object.fromEntries(PEERS.map((peer) => [peer, versionOf(peer)])),
  };
}

export function saveResult(result: Result): void {
  mkdirSync(RESULTS, { recursive: true });
  writeFileSync(join(RESULTS, `${result.measure}.json`), `${JSON.stringify(result, null, 2)}\n`);
}

/** Writes RESULTS.md and the plots for all measures that have a result. */
export function writeReport(measures: readonly Measure[]): void {
  const results = measures.flatMap((measure) => {
    const path = join(RESULTS, `${measure.name}.json`);
    const result: Result | null = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : null;
    return result ? [{ measure, result }] : [];
  });
  mkdirSync(PLOTS, { recursive: true });
  for (const { measure, result } of results) {
    const plot = plotOf(measure, result);
    writeFileSync(join(PLOTS, `${measure.name}.svg`), plot);
    if (measure.name === SHOWN.measure) writeFileSync(SHOWN.path, plot);
  }
  const tried = readFileSync(join(__dirname, 'TRIED.md'), 'utf8');
  writeFileSync(join(__dirname, 'RESULTS.md'), reportOf(results, tried));
}

function versionOf(peer: (typeof PEERS)[number]): string {
  const name = PACKAGES[peer];
  const manifest = name
    ? join(__dirname, 'node_modules', name, 'package.json')
    : join(__dirname, '..', 'package.json');
  const { version }: { version: string } = JSON.parse(readFileSync(manifest, 'utf8'));
  return peer === 'floor' ? '' : name ? `${name} ${version}` : version;
}
