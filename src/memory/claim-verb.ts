import { OBJECTION } from '../scripts/generated';
import { noteRun, readCounts, suspects, writeCounts } from './counts';
import {
  bringBackPause,
  type Carried,
  covers,
  entryOf,
  inForce,
  int,
  lockRest,
  readPause,
  readPlan,
  remember,
  setTrigger,
  unreplaced,
  writePlan,
} from './script';

export const claim: Carried = (script, keys, args) => {
  const { db, now, nowUs } = script;
  const [plans = '', due = '', trigger = '', lock = '', recovers = '', counts = '', paused = ''] = keys;
  const [name = '', stamp = '', expectedText = '', everyMs, nextSlot, token = '', ttlMs, ...others] = args;
  const [skipAfterMs, earlyMs, open = '', listeners = '', recover, by = '', ...rests] = others;
  const [again = '', knownPause = '', caller = '', bell = ''] = rests;
  const [every, expected, ttl] = [Number(everyMs), Number(expectedText), Number(ttlMs)];
  const gone = [nowUs, 'gone', 0, 0, 0, 0, 0, '', '', ''];

  const entry = readPlan(script, plans, due, name);
  if (!entry) return gone;

  let found = '';
  let pauseText = '';
  const answer = (verdict: string, slot: number, rest = 0, heard = 0, following = entry.slot) => [
    ...[nowUs, verdict, slot, following, rest, heard, entry.stamp, entry.plan, found, pauseText],
  ];

  const earlier = entryOf(entry.claims, token, /^([A-Za-z]+):(\d+):(\d+):(\d+)/);
  if (earlier) {
    const [, verdict = '', claimed, wasNext, wasStamp] = earlier;
    const isMine = verdict === 'run' && db.get(lock) === token;
    entry.stamp = Number(wasStamp);
    if (verdict === 'paused') pauseText = readPause(script, paused, name)?.text ?? '';
    return answer(verdict, Number(claimed), isMine ? lockRest(script, lock) : 0, 0, Number(wasNext));
  }

  if (again !== '' && db.get(lock) === again) db.del(lock);

  const since =
    /^restored (\d+)$/.exec(entry.before)?.[1] ?? /^born \d+ \d+ [1-9]\d* \d+ (\d+)$/.exec(entry.before)?.[1];
  if (since !== undefined && now - Number(since) < OBJECTION) return gone;
  if (entry.fired) return answer('fired', entry.slot);
  if (entry.stamp !== Number(stamp)) return answer('plan', entry.slot);

  const list = (recover === '1' && db.hget(recovers, name)) || '';
  const [pause, isPauseBack] = bringBackPause(script, paused, name, knownPause, caller, bell);
  if (isPauseBack) setTrigger(script, trigger, entry.slot, pause);

  let slot = Math.max(entry.slot, expected);
  if (again !== '') {
    if (covers(pause, expected)) {
      pauseText = pause?.text ?? '';
      return answer('paused', expected);
    }
    const [, won, wonNext] = entryOf(entry.claims, again, new RegExp(`^run:(\\d+):(\\d+):${stamp}`)) ?? [];
    if (won !== expectedText || Number(wonNext) !== entry.slot || entry.slot <= now)
      return answer('passed', entry.slot);
    if (recover === '1' && !` ${list}`.includes(` ${again}:${expectedText}:0`))
      return answer('elsewhere', entry.slot);
    slot = expected;
  }
  const rest = Math.max(0, slot - now);
  const moveTo = (later: number) => {
    entry.slot = later;
    entry.before = unreplaced(entry.before);
    writePlan(script, plans, due, name, entry);
    setTrigger(script, trigger, later, pause);
  };

  if (again === '' && rest > 0 && (rest > Number(earlyMs) || slot > expected)) {
    if (slot > entry.score) moveTo(slot);
    return answer('ahead', slot);
  }

  const isPaused = covers(pause, slot);
  if (isPaused) {
    pauseText = pause?.text ?? '';
    if (!inForce(script, pause)) return answer('resumed', slot);
    if (rest > 0) return answer('held', slot);
  }

  let following = Number(nextSlot);
  if (every > 0) following = slot + every * (Math.floor(Math.max(0, now - slot) / every) + 1);
  if (again !== '') following = entry.slot;
  if (following <= now) return answer('stale', slot);

  if (again === '' && slot === entry.claimed) {
    moveTo(following);
    return answer('ahead', following);
  }

  let verdict: string;
  if (isPaused) {
    verdict = 'paused';
  } else if (Number(skipAfterMs) >= 0 && now - slot > Number(skipAfterMs)) {
    verdict = 'missed';
  } else if (db.setNxPx(lock, token, ttl + rest)) {
    verdict = 'run';
    if (recover === '1') db.hset(recovers, name, remember(list, caller, `${token}:${int(slot)}:0`));
  } else if (rest > 0 || again !== '') {
    return answer('held', slot);
  } else {
    verdict = 'locked';
  }

  entry.slot = following;
  entry.before = '';
  const made = [token, verdict, int(slot), int(following), int(entry.stamp)].join(':');
  entry.claims = remember(entry.claims, caller, made);
  writePlan(script, plans, due, name, entry);
  setTrigger(script, trigger, following, pause);
  if (verdict === 'run') {
    found = noteRun(script, counts, name, token, `s${int(slot)}`, by, again);
  } else {
    const of = readCounts(script, counts, name);
    if (!isPaused) writeCounts(script, counts, name, { ...of, skips: of.skips + 1 });
    found = suspects(of.notes, db.get(lock));
  }
  const lockedFor = verdict === 'run' ? ttl + rest : 0;
  if (again !== '') return answer(verdict, slot, lockedFor);
  const rung = isPaused ? 'missed' : verdict;
  const words = [caller, int(now), stamp, int(slot), int(following), rung, open, listeners, name];
  return answer(verdict, slot, lockedFor, script.ring(bell, 'claim', ...words));
};
