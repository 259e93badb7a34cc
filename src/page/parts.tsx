import type { ComponentChildren } from 'preact';
import type { ErrorDetails } from '../info';
import { visible } from '../telling/visible';
import type { JobSummary } from '../web/api';
import { exact, fromNow, roughly, span, visibleLines } from './format';
import { useNow } from './hooks';
import { OUTCOMES, type Outcome, STATES, type State, statesOf, stateText } from './state';

/** An instant relative to now, such as `in 4 min` or `12 s ago`; in lists, with one unit. Its title shows the full time. */
export function When({ at, rough = false }: { at: number; rough?: boolean }) {
  return <time title={exact(at)}>{fromNow(at, useNow(), rough ? roughly : span)}</time>;
}

/** The most urgent state of a job, or all its states. */
export function StateBadge({ job, all = false }: { job: JobSummary; all?: boolean }) {
  const now = useNow();
  const states = statesOf(job);
  return (
    <>
      {(all ? states : states.slice(0, 1)).map((state) => (
        <span key={state} class={`state ${STATES[state].tone}`}>
          <Sign of={state} /> {stateText(job, state, now)}
        </span>
      ))}
    </>
  );
}

export function Sign({ of }: { of: State }) {
  return (
    <span class="sign" aria-hidden="true">
      {STATES[of].sign}
    </span>
  );
}

export function OutcomeBadge({ outcome }: { outcome: Outcome }) {
  return (
    <span class={`state ${OUTCOMES[outcome].tone}`}>
      <span class="sign" aria-hidden="true">
        {OUTCOMES[outcome].sign}
      </span>{' '}
      {outcome}
    </span>
  );
}

/** Untrusted text on one line: invisible characters are escaped, and its direction does not affect the text around it. */
export function Text({ children }: { children: string }) {
  return <bdi>{visible(children)}</bdi>;
}

/** An error in full: name, message and stack, then those of its causes. */
export function ErrorText({ error, details }: { error: string | null; details: ErrorDetails | null }) {
  if (!details) return <pre class="error">{visibleLines(error ?? 'no error was recorded')}</pre>;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <pre class="error" tabIndex={0}>
      <OneError details={details} lead="" depth={0} />
    </pre>
  );
}

function OneError({ details, lead, depth }: { details: ErrorDetails; lead: string; depth: number }) {
  const { name, message, stack, cause, errors, omitted } = details;
  const indent = '  '.repeat(depth);
  const lines = (text: string) => visibleLines(text).replaceAll('\n', `\n${indent}`);
  return (
    <>
      {indent}
      {lead}
      <strong>{`${visible(name)}: ${lines(message)}`}</strong>
      {'\n'}
      {stack !== null && <span class="soft">{`${indent}${lines(stack)}\n`}</span>}
      {errors.map((each, i) => (
        <OneError key={i} details={each} lead={`${i + 1}. `} depth={depth + 1} />
      ))}
      {cause && <OneError details={cause} lead="caused by " depth={depth} />}
      {omitted > 0 && `${indent}${omitted} more left out\n`}
    </>
  );
}

/** The text that is shown instead of an empty list. */
export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <strong>{title}</strong>
      {children}
    </div>
  );
}
