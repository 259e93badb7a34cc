import type { RunRecord } from '../info';
import type { RecentRun } from '../web/api';
import { counted, exact, span } from './format';
import { OUTCOMES, type Outcome, runText } from './state';

/** The outcomes in the order of the legends. */
const ALL = Object.keys(OUTCOMES) as Outcome[];

const STRIP = { runs: 20, pitch: 6, width: 4.5, height: 22 };

/** The last runs of a job, oldest first: the height shows the duration, colour and shape show the outcome. */
export function Strip({ runs }: { runs: readonly RecentRun[] }) {
  const { pitch, width, height } = STRIP;
  const last = runs.slice(-STRIP.runs);
  const longest = Math.max(1, ...last.map((run) => run.durationMs));
  const paths: Partial<Record<Outcome, string>> = {};
  for (const [i, run] of last.entries()) {
    const x = (STRIP.runs - last.length + i) * pitch + 0.75;
    const tall = 6 + (height - 7) * Math.sqrt(run.durationMs / longest);
    paths[run.outcome] = (paths[run.outcome] ?? '') + barPath(run.outcome, x, width, tall, height);
  }
  const box = `0 0 ${STRIP.runs * pitch} ${height}`;
  return (
    <svg class="strip" viewBox={box} role="img" aria-label={stripLabel(last)}>
      {ALL.map(
        (outcome) => paths[outcome] && <path key={outcome} class={`bar ${outcome}`} d={paths[outcome]} />,
      )}
    </svg>
  );
}

function stripLabel(runs: readonly RecentRun[]): string {
  if (runs.length === 0) return 'no runs yet';
  const counts = ALL.map(
    (outcome) => [outcome, runs.filter((run) => run.outcome === outcome).length] as const,
  );
  return `last ${counted(runs.length, 'run')}: ${counts
    .filter(([, count]) => count > 0)
    .map(([outcome, count]) => `${count} ${outcome}`)
    .join(', ')}`;
}

/**
 * The bar of a run. done: plain; failed: with a pointed top; died: a cross; abandoned: hollow (its style has an outline and no
 * fill); vetoed: flat.
 */
function barPath(outcome: Outcome, x: number, w: number, tall: number, ground: number): string {
  const top = ground - tall;
  const right = x + w;
  const mid = x + w / 2;
  switch (outcome) {
    case 'failed':
      return `M${x} ${ground}V${top + w}L${mid} ${Math.max(0, top - 1)}L${right} ${top + w}V${ground}Z`;
    case 'died':
      return `M${x} ${ground - 1}L${right} ${ground - 1 - w * 1.6}M${right} ${ground - 1}L${x} ${ground - 1 - w * 1.6}`;
    case 'vetoed':
      return `M${x} ${ground}h${w}v-2.5h${-w}Z`;
    case 'abandoned':
      return `M${x + 0.6} ${ground - 0.6}V${top + 0.6}H${right - 0.6}V${ground - 0.6}Z`;
    default:
      return `M${x} ${ground}V${top}H${right}V${ground}Z`;
  }
}

const PLOT = { least: 40, pitch: 10, width: 7, height: 72 };

/**
 * A bar for each run in the history, the latest at the right.
 *
 * @param runs newest first
 * @param onPick called with the index of the run whose bar was clicked
 */
export function Plot(props: {
  title: string;
  runs: readonly RunRecord[];
  of: 'durationMs' | 'lateness';
  onPick: (index: number) => void;
}) {
  const { title, runs, of, onPick } = props;
  const values = runs.filter((run) => of === 'lateness' || run.outcome !== 'died').map((run) => run[of]);
  const most = Math.max(1, ...values);
  const slots = Math.max(PLOT.least, runs.length);
  const { pitch, width, height } = PLOT;
  const sorted = values.toSorted((a, b) => a - b);
  const at = (part: number) =>
    span(sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? 0);
  const said =
    sorted.length === 0 ? 'no runs yet' : `median ${at(0.5)}, 95 % within ${at(0.95)}, most ${span(most)}`;
  return (
    <figure class="plot">
      <figcaption>
        {title} <span class="soft">{said}</span>
      </figcaption>
      {runs.length > 0 && (
        <div class="axes">
          <span class="soft top">{span(most)}</span>
          <span class="soft ground">0</span>
          <svg
            viewBox={`0 0 ${slots * pitch} ${height}`}
            preserveAspectRatio="none"
            role="img"
            aria-label={`${title}: ${said}`}
          >
            <path
              class="grid"
              d={`M0 .5H${slots * pitch}M0 ${height / 2}H${slots * pitch}M0 ${height - 0.5}H${slots * pitch}`}
            />
            {runs.map((run, i) => {
              const outcome = of === 'lateness' ? 'done' : run.outcome;
              const tall = Math.max(2, (height - 4) * (run[of] / most));
              const x = (slots - 1 - i) * pitch + (pitch - width) / 2;
              return (
                // biome-ignore lint/a11y/noStaticElementInteractions: the list of runs below is the way by keyboard
                <g key={`${run.startedAt} ${run.by}`} onClick={() => onPick(i)}>
                  <title>{`${exact(run.startedAt)}\n${runText(run)}\n${span(run.lateness)} late`}</title>
                  <rect class="hit" x={x - 1} y="0" width={pitch} height={height} />
                  <path
                    class={of === 'lateness' ? 'bar late' : `bar ${outcome}`}
                    d={barPath(outcome, x, width, tall, height)}
                  />
                </g>
              );
            })}
          </svg>
        </div>
      )}
    </figure>
  );
}

/** Explains the shapes. */
export function Legend() {
  return (
    <p class="legend soft">
      {ALL.map((outcome) => (
        <span key={outcome}>
          <svg viewBox="0 0 8 14" aria-hidden="true">
            <path class={`bar ${outcome}`} d={barPath(outcome, 1, 6, 11, 13)} />
          </svg>
          {outcome}
        </span>
      ))}
    </p>
  );
}
