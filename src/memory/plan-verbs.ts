import { FIRED } from '../scripts/generated';
import {
  bringBackPause,
  type Carried,
  called,
  covers,
  demandIn,
  type Entry,
  inForce,
  int,
  noEntry,
  parsePause,
  readDemand,
  readPause,
  readPlan,
  rememberCall,
  type Script,
  setTrigger,
  unreplaced,
  writePause,
  writePlan,
} from './script';

/** The interval of a plan (NaN for cron), and its offset by jitter. */
function parseInterval(plan: string): { every: number; offset: number } {
  const [, every, offset] = /^every (\d+) ?\+?(\d*)$/.exec(plan) ?? [];
  return { every: Number(every), offset: Number(offset || 0) };
}

interface Order {
  since: number;
  next: number;
  plan: string;
}

function parseOrder(text: string): Order {
  const [, since, next, plan = ''] = /^(\d+) (\d+) (.*)$/s.exec(text) ?? [];
  return { since: Number(since), next: Number(next), plan };
}

/** The hire of one job. */
interface Hire {
  caller: string;
  name: string;
  sequence: string;
  order: Order;
  /** The value of the trigger. */
  onWire: string | null;
  /** ms until the trigger expires; -2: there is none. */
  rest: number;
}

/** `arm` in arm.lua. `slot` is the slot to set the trigger for; null: do not set it. */
function armOne(
  { now }: Script,
  entry: Entry | null,
  { caller, name, sequence, order, onWire, rest }: Hire,
): { verdict: string; entry: Entry; isWritten: boolean; slot: number | null } {
  const { since, next, plan } = order;
  const unchanged = { isWritten: false, slot: null };
  if (entry && called(entry.calls, caller, sequence)) return { verdict: 'done', entry, ...unchanged };
  const isLaterFire = entry?.fired && since > 0 && entry.slot - FIRED > since;
  if (entry && isLaterFire && !new RegExp(`${caller}:\\d+$`).test(entry.calls))
    return { verdict: 'fired', entry, ...unchanged };

  const theirs = onWire === name && rest > 0 ? now + rest : null;
  if (entry && !entry.fired && entry.plan === plan) {
    if (theirs !== null) entry.slot = theirs;
    entry.calls = rememberCall(entry.calls, caller, sequence);
    const isSet = theirs !== null || onWire === null;
    return { verdict: 'kept', entry, isWritten: true, slot: isSet ? entry.slot : null };
  }

  const { every, offset } = parseInterval(plan);
  const isInterval = !Number.isNaN(every);
  let slot = isInterval ? now + every + offset : next;
  if (slot <= now) return { verdict: 'stale', entry: noEntry(), ...unchanged };

  const was = entry ?? noEntry();
  let before = '';
  if (theirs !== null) {
    slot = theirs;
  } else if (!was.fired) {
    before = `${int(was.slot)} ${was.plan}`;
    const [, ownSlot, ownPlan] = /^(\d+) (.*)$/s.exec(was.before) ?? [];
    const earlier = parseInterval(was.plan);
    if (was.slot > now && isInterval && earlier.every === every)
      slot = Math.max(now, was.slot + offset - earlier.offset);
    else if (was.slot <= now || isInterval) slot = Math.min(slot, was.slot);
    if (ownPlan === plan) slot = Math.min(slot, Number(ownSlot));
  }

  const stamp = Math.max(now, was.stamp + 1);
  if (!entry) before = `born ${int(stamp)} ${int(slot)} 0 0 0`;
  const calls = rememberCall(was.calls, caller, sequence);
  const armed = { ...noEntry(), stamp, plan, slot, before, claims: was.claims, calls };
  return { verdict: 'armed', entry: armed, isWritten: true, slot };
}

export const arm: Carried = (script, keys, args) => {
  const { db } = script;
  const [plans = '', due = '', demands = '', paused = ''] = keys;
  const [caller = '', bell = ''] = args;
  const answers: unknown[] = [script.nowUs];
  const told: string[] = [];
  let lastStamp = 0;
  let last: unknown[] = [];
  let order: Order = { since: 0, next: 0, plan: '' };
  for (let job = 0; 3 * job + 2 < args.length; job += 1) {
    const [name = '', sequence = '', text = ''] = args.slice(3 * job + 2);
    const [trigger = '', lock = ''] = keys.slice(2 * job + 4);
    if (text !== '') order = parseOrder(text);
    const pause = db.hget(paused, name);
    const demand = db.hget(demands, name) === null ? null : readDemand(script, demands, name);
    const [onWire, rest] = [db.get(trigger), db.pttl(trigger)];
    const hire = { caller, name, sequence, order, onWire, rest };
    const { verdict, entry, isWritten, slot } = armOne(script, readPlan(script, plans, due, name), hire);
    const waits = demand && verdict !== 'stale' ? demandIn(script, demand, lock) : -1;
    if (isWritten) writePlan(script, plans, due, name, entry);
    if (slot !== null) setTrigger(script, trigger, slot, parsePause(pause));
    if (verdict === 'armed') {
      told.push(name);
      lastStamp = entry.stamp;
    }
    const answer = [verdict, entry.stamp, entry.slot, entry.plan, waits, pause ?? ''];
    const isRepeated = answer.every((word, at) => word === last[at]);
    if (!isRepeated) last = answer;
    answers.push(isRepeated ? 0 : answer);
  }
  if (told.length === 1) script.ring(bell, 'armed', caller, int(lastStamp), told[0] ?? '');
  if (told.length > 1) script.ring(bell, 'hired', caller, JSON.stringify(told));
  return answers;
};

export const restore: Carried = (script, keys, args) => {
  const { db, now } = script;
  const [plans = '', due = '', trigger = '', demands = '', lock = '', paused = ''] = keys;
  const [name = '', stampText, slotText, plan = '', knownPause = '', caller = '', bell = ''] = args;
  const stamp = Number(stampText);
  let slot = Number(slotText);

  let entry = readPlan(script, plans, due, name);
  let verdict = entry ? 'kept' : 'none';
  const stored = entry?.stamp ?? 0;
  const isSamePlan = entry !== null && !entry.fired && slot < FIRED && entry.plan === plan;
  const [, born, bornSlot, oldStampText, oldSlotText] =
    /^born (\d+) (\d+) (\d+) (\d+)/.exec(entry?.before ?? '') ?? [];
  const bringBack = (back: Entry) => {
    verdict = 'restored';
    entry = back;
    writePlan(script, plans, due, name, back);
    script.ring(bell, 'armed', caller, int(back.stamp), name);
  };

  if (entry && isSamePlan && born !== undefined && stamp > 0 && stamp < Number(born)) {
    const [oldStamp, oldSlot] = [Number(oldStampText), Number(oldSlotText)];
    if (stamp > oldStamp || (stamp === oldStamp && slot > oldSlot)) {
      bringBack({
        ...entry,
        slot: Math.min(Number(bornSlot), slot),
        before: ['born', born, bornSlot, int(stamp), int(slot), int(now)].join(' '),
        stamp: Math.max(now, stored + 1),
      });
    }
  } else if (stamp > stored || (entry && stamp === stored && slot > entry.score)) {
    if (entry && isSamePlan) slot = Math.max(slot, entry.slot);
    bringBack({
      ...noEntry(),
      ...{ stamp, slot, plan },
      fired: slot >= FIRED,
      claims: entry?.claims ?? '',
      calls: entry?.calls ?? '',
      before: entry ? unreplaced(entry.before) : `restored ${int(now)}`,
    });
  }

  const [pause, isPauseBack] = bringBackPause(script, paused, name, knownPause, caller, bell);
  const pauseText = pause?.text ?? '';
  const waiting = demandIn(script, readDemand(script, demands, name), lock);
  if (!entry) {
    if (isPauseBack && inForce(script, pause)) db.del(trigger);
    return [script.nowUs, verdict, 0, 0, '', waiting, pauseText];
  }
  if (entry.fired) {
    if (verdict === 'restored') db.del(trigger);
  } else if (verdict === 'restored' || isPauseBack || !db.exists(trigger)) {
    setTrigger(script, trigger, entry.slot, pause);
  }
  return [script.nowUs, verdict, entry.stamp, entry.slot, entry.plan, waiting, pauseText];
};

export const fire: Carried = (script, keys, args) => {
  const { db, now, nowUs } = script;
  const [plans = '', due = '', trigger = ''] = keys;
  const [name = '', caller = '', sequence = '', bell = ''] = args;
  const entry = readPlan(script, plans, due, name) ?? noEntry();
  if (called(entry.calls, caller, sequence)) return [nowUs, 'done', entry.stamp, entry.slot];
  entry.stamp = Math.max(now, entry.stamp + 1);
  entry.slot = FIRED + now;
  entry.before = '';
  entry.calls = rememberCall(entry.calls, caller, sequence);
  writePlan(script, plans, due, name, entry);
  db.del(trigger);
  script.ring(bell, 'armed', caller, int(entry.stamp), name);
  return [nowUs, 'fired', entry.stamp, entry.slot];
};

export const pause: Carried = (script, keys, args) => {
  const { db, now, nowUs } = script;
  const [paused = '', plans = '', due = '', trigger = ''] = keys;
  const [name = '', ends, duration, info = '', caller = '', sequence = '', bell = ''] = args;
  const before = readPause(script, paused, name);
  if (before && called(before.calls, caller, sequence)) return [nowUs, 'done', before.text];
  const made = {
    stamp: Math.max(now, (before?.stamp ?? 0) + 1),
    since: int(now),
    ends: Math.min(FIRED, Number(duration) > 0 ? now + Number(duration) : Number(ends)),
    calls: rememberCall(before?.calls ?? '', caller, sequence),
    info,
    text: '',
  };
  writePause(script, paused, name, made);
  const entry = readPlan(script, plans, due, name);
  if (!entry || covers(made, entry.slot)) db.del(trigger);
  script.ring(bell, 'paused', caller, int(made.stamp), name);
  return [nowUs, 'paused', made.text];
};

export const resume: Carried = (script, keys, args) => {
  const { db, now, nowUs } = script;
  const [paused = '', plans = '', due = '', trigger = ''] = keys;
  const [name = '', info = '', caller = '', sequence = '', bell = ''] = args;
  const before = readPause(script, paused, name);
  if (before && called(before.calls, caller, sequence)) return [nowUs, 'done', before.text];
  const verdict = inForce(script, before) ? 'resumed' : 'none';
  const made = before ?? { stamp: 0, since: '0', ends: 0, calls: '', info, text: '' };
  made.stamp = Math.max(now, made.stamp + 1);
  made.ends = Math.min(now, made.ends);
  made.calls = rememberCall(made.calls, caller, sequence);
  made.info = info;
  writePause(script, paused, name, made);
  const entry = readPlan(script, plans, due, name);
  if (verdict === 'resumed' && entry && !db.exists(trigger)) setTrigger(script, trigger, entry.slot, made);
  script.ring(bell, 'paused', caller, int(made.stamp), name);
  return [nowUs, verdict, made.text];
};
