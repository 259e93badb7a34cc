import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Action, JobReply, PauseRequest } from '../web/api';
import { Refused, steer } from './client';
import { counted } from './format';
import { serverNow } from './hooks';
import { Text } from './parts';

/** The result of the last action: shown until it is closed or replaced by the next one. */
export interface Notice {
  isGood: boolean;
  text: string;
}

/** A dialog that was opened: another object each time, so that what ends one does not end the next. */
interface Opened {
  action: Action;
}

/** The texts of each action, on its button and in its dialog. */
const NAMES: Readonly<Record<Action, { button: string; title: string; submit: string }>> = {
  demand: { button: 'Run now…', title: 'Run now:', submit: 'Run now' },
  pause: { button: 'Pause…', title: 'Pause', submit: 'Pause' },
  resume: { button: 'Resume…', title: 'Resume', submit: 'Resume' },
  fire: { button: 'Fire…', title: 'Fire', submit: 'Fire' },
  forget: { button: 'Forget…', title: 'Forget', submit: 'Forget' },
};

/** A job's buttons, if the viewer may use them, and the dialog of the one that was pressed. */
export function Actions({ reply, onDone }: { reply: JobReply; onDone: (notice: Notice) => void }) {
  const [open, setOpen] = useState<Opened | null>(null);
  const buttons = useRef<HTMLDivElement>(null);
  const { fired } = reply.job;
  const wasFired = useRef(fired);
  useEffect(() => {
    // The button that was pressed is gone, and the focus with it.
    if (fired && !wasFired.current && document.activeElement === document.body) {
      buttons.current?.querySelector('button')?.focus();
    }
    wasFired.current = fired;
  }, [fired]);
  if (reply.access !== 'write') return <p class="soft">You have read-only access.</p>;
  const { job } = reply;
  const fits: Action[] = [
    'demand',
    job.paused ? 'resume' : 'pause',
    ...(job.fired ? [] : (['fire'] as const)),
    'forget',
  ];
  return (
    <div class="actions" ref={buttons}>
      {fits.map((action) => (
        // One of these two takes the place of the other, and keeps the focus.
        <button
          key={action === 'resume' ? 'pause' : action}
          type="button"
          class={`act ${action}`}
          onClick={() => setOpen({ action })}
        >
          {NAMES[action].button}
        </button>
      ))}
      {open && (
        <ActionDialog
          key={open}
          action={open.action}
          reply={reply}
          onClose={(notice) => {
            // The answer, or the event of the end, may come when another dialog is open.
            setOpen((now) => (now === open ? null : now));
            if (notice) onDone(notice);
          }}
        />
      )}
    </div>
  );
}

function ActionDialog(props: { action: Action; reply: JobReply; onClose: (notice: Notice | null) => void }) {
  const { action, reply, onClose } = props;
  const { name } = reply.job;
  const dialog = useRef<HTMLDialogElement>(null);
  const [pause, setPause] = useState<PauseRequest>({ until: '2 hours', note: '' });
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  const end = (notice: Notice | null) => {
    dialog.current?.close();
    onClose(notice);
  };
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    try {
      const body = action === 'pause' ? { ...pause, note: pause.note?.trim() || null } : {};
      const { message } = await steer(name, action, body);
      end({ isGood: true, text: message });
    } catch (error) {
      const why = error instanceof Refused ? error.message : String(error);
      if (!dialog.current) {
        // It was closed meanwhile.
        onClose({ isGood: false, text: `${NAMES[action].submit} failed for '${name}': ${why}` });
        return;
      }
      setProblem(why);
      setBusy(false);
    }
  };
  const isKept = action === 'forget' && reply.hiredBy.length > 0;
  return (
    <dialog ref={dialog} aria-labelledby="dialog-title" onClose={() => onClose(null)}>
      <form onSubmit={submit}>
        <h2 id="dialog-title">
          {NAMES[action].title} <Text>{name}</Text>
        </h2>
        <Explanation action={action} reply={reply} />
        {action === 'pause' && <PauseFields value={pause} onChange={setPause} />}
        {problem !== null && (
          <p class="bad" role="alert">
            <Text>{problem}</Text>
          </p>
        )}
        <div class="buttons">
          <button type="button" onClick={() => end(null)}>
            Cancel
          </button>
          <button
            type="submit"
            class={action === 'fire' || action === 'forget' ? 'danger' : 'first'}
            disabled={isBusy || isKept}
          >
            {isBusy ? 'Sending…' : NAMES[action].submit}
          </button>
        </div>
      </form>
    </dialog>
  );
}

/** The effect of the action on the fleet. */
function Explanation({ action, reply }: { action: Action; reply: JobReply }): ComponentChildren {
  const { job, hiredBy } = reply;
  const nobody = hiredBy.length === 0;
  const where = job.hirersKnown ? counted(hiredBy.length, 'instance') : 'an unknown number of instances';
  switch (action) {
    case 'demand':
      return (
        <p>
          {nobody && job.hirersKnown
            ? 'No instance hires this job now. The demand is kept, and the next instance that hires it runs it once.'
            : job.running
              ? 'It is running now. It runs once more as soon as that run has ended.'
              : `One of the ${where} that hire it runs it once, as soon as possible.`}{' '}
          Its plan is not changed.{job.paused && ' It runs although the job is paused.'}
        </p>
      );
    case 'pause':
      return (
        <p>
          No scheduled run starts in the whole fleet ({where}) until the pause ends. Restarts and deploys do
          not end it. Slots that pass meanwhile are not run later.{' '}
          {job.running ? 'The run that is in progress is not stopped. ' : ''}
          Demands still run.
        </p>
      );
    case 'resume':
      return (
        <p>
          Scheduled runs start again in the whole fleet ({where}), from the next slot on. No missed slot is
          run.
        </p>
      );
    case 'fire':
      return (
        <p>
          Ends the plan of this job in the whole fleet ({where}).{' '}
          {job.running ? 'The run that is in progress is not stopped. ' : ''}
          Demands still run.{' '}
          <strong>The next deploy or restart of a service that hires the job starts the plan again.</strong>{' '}
          To prevent that, pause the job instead.
        </p>
      );
    case 'forget':
      return nobody ? (
        <p>
          Deletes everything that Redis stores about this job: its plan, pause, waiting demand, history and
          counts. This cannot be undone. If an instance hires the job again, it starts anew.
          {!job.hirersKnown && ' The instances cannot answer now, so this will be refused.'}
        </p>
      ) : (
        <p>
          {where} {hiredBy.length === 1 ? 'hires' : 'hire'} this job, so its data must stay. Remove the job
          from {hiredBy.length === 1 ? 'that service' : 'those services'} first.
        </p>
      );
  }
}

const ENDS: readonly { label: string; until: string | null }[] = [
  { label: '30 minutes', until: '30 minutes' },
  { label: '2 hours', until: '2 hours' },
  { label: '1 day', until: '1 day' },
  { label: 'until resumed', until: null },
];

/** Asks for a note and the end of the pause. */
function PauseFields({ value, onChange }: { value: PauseRequest; onChange: (value: PauseRequest) => void }) {
  const isTime = typeof value.until === 'number';
  return (
    <>
      <fieldset class="ends">
        <legend>How long</legend>
        {ENDS.map(({ label, until }) => (
          <label key={label}>
            <input
              type="radio"
              name="until"
              checked={value.until === until}
              onChange={() => onChange({ ...value, until })}
            />
            {label}
          </label>
        ))}
        <label>
          <input
            type="radio"
            name="until"
            checked={isTime}
            onChange={() => onChange({ ...value, until: serverNow() + 3_600_000 })}
          />
          until a time
        </label>
        {isTime && (
          <input
            type="datetime-local"
            aria-label="Paused until, in your time zone"
            required
            value={localInput(Number(value.until))}
            onInput={(event) => {
              const at = new Date(event.currentTarget.value).getTime();
              if (!Number.isNaN(at)) onChange({ ...value, until: at });
            }}
          />
        )}
      </fieldset>
      <label class="note">
        Note: why, for the others
        <input
          type="text"
          maxLength={200}
          value={value.note ?? ''}
          placeholder="OPS-12: the warehouse is down"
          onInput={(event) => onChange({ ...value, note: event.currentTarget.value })}
        />
      </label>
    </>
  );
}

/** A time in the format of an input for local times: `2026-11-26T14:00`. */
function localInput(at: number): string {
  return new Date(at - new Date(at).getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
