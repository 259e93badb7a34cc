import { FIRED } from '../scripts/generated';
import {
  inARow,
  noteLastRun,
  noteOf,
  noteRun,
  readCounts,
  suspects,
  unsettled,
  withoutNote,
  writeCounts,
} from './counts';
import {
  begun,
  type Carried,
  called,
  demandIn,
  entryOf,
  inForce,
  int,
  lockRest,
  readDemand,
  readPause,
  remember,
  writeDemand,
} from './script';

export const recover: Carried = (script, keys, args) => {
  const { db, now, nowUs } = script;
  const [recovers = '', lock = '', due = '', counts = '', paused = ''] = keys;
  const [name = '', token = '', ttlMs = '', by = '', again = '', caller = '', bell = ''] = args;
  let list = db.hget(recovers, name) ?? '';
  let isBack = false;
  if (again !== '') {
    if (db.get(lock) === again) db.del(lock);
    const [, at, demanded = ''] = entryOf(list, again, /^(\d+):1(d?)/) ?? [];
    isBack = at !== undefined;
    if (isBack) {
      list = remember(list, again, `${[...again].reverse().join('')}:${at}:0${demanded}`);
      db.hset(recovers, name, list);
    }
    const of = readCounts(script, counts, name);
    const notes = withoutNote(of.notes, again);
    if (notes !== of.notes) writeCounts(script, counts, name, { ...of, notes });
  }
  if (ttlMs === '0') {
    if (isBack) script.ring(bell, 'dropped', caller, name);
    return [nowUs, 'none', 0, 0, 0, ''];
  }
  const holder = db.get(lock);
  const isFired = (db.zscore(due, name) ?? 0) >= FIRED;
  const isPaused = inForce(script, readPause(script, paused, name));
  let first: { owner: string; slot: string; kind: string } | null = null;
  for (const [, owner = '', slot = '', times, kind = ''] of list.matchAll(/([A-Za-z0-9]+):(\d+):(\d)(d?)/g)) {
    if (owner === token) {
      const rest = holder === token ? lockRest(script, lock) : 0;
      return [nowUs, 'yours', Number(slot), rest, kind.length, ''];
    }
    const isWanted = times === '0' && Number(slot) < FIRED && (kind !== '' || !(isFired || isPaused));
    if (isWanted) first ??= { owner, slot, kind };
  }
  if (!first) {
    if (list !== '' && (isFired || !(holder !== null || isPaused))) {
      const wanted = isFired ? list.replace(/[A-Za-z0-9]+:\d+:0/g, '') : list;
      const left = unsettled(wanted, readCounts(script, counts, name).notes);
      if (left === '') db.hdel(recovers, name);
      else db.hset(recovers, name, left);
    }
    if (isBack && isPaused && !isFired) return [nowUs, 'held', 0, lockRest(script, lock), 0, ''];
    return [nowUs, 'none', 0, 0, 0, ''];
  }
  if (!db.setNxPx(lock, token, Number(ttlMs))) return [nowUs, 'held', 0, lockRest(script, lock), 0, ''];
  const { owner, slot, kind } = first;
  db.hset(recovers, name, remember(list, owner, `${token}:${slot}:1${kind}`));
  const found = noteRun(script, counts, name, token, (kind === '' ? 'S' : 'D') + slot, by);
  script.ring(bell, 'recovered', caller, int(now), name);
  return [nowUs, 'yours', Number(slot), Number(ttlMs), kind.length, found];
};

export const renew: Carried = ({ db, nowUs }, [lock = ''], [token, ttlMs]) => {
  if (db.get(lock) !== token) return [nowUs, 'foreign'];
  db.pexpire(lock, Number(ttlMs));
  return [nowUs, 'renewed'];
};

export const settle: Carried = (script, keys, args) => {
  const { db, now, nowUs } = script;
  const [lock = '', runs = '', demands = '', recovers = '', counts = '', history = ''] = keys;
  const [name = '', token = '', startedAt = '', run = '', leaving, caller = '', listeners = '', ...others] =
    args;
  const [bell = '', sequence = '', failed, kept, details = '', work] = others;
  const isHeld = db.get(lock) === token;
  if (isHeld && work !== 'going') db.del(lock);

  const of = readCounts(script, counts, name);
  const noted = db.hget(recovers, name);
  let list = noted ?? '';
  const isMine = list.includes(token);
  let recoverable = 0;
  if (work === 'over') {
    if (isMine) list = list.replace(new RegExp(` ?${token}:\\d+:\\dd?`, 'g'), '');
    recoverable = list.includes(':0') ? 1 : 0;
    if (list !== '' && recoverable === 0 && !db.exists(lock)) list = unsettled(list, of.notes);
    if (list !== '') {
      if (list !== noted) db.hset(recovers, name, list);
    } else if (noted !== null) {
      db.hdel(recovers, name);
    }
    if (isMine) script.ring(bell, 'settled', caller, name);
  } else if (isMine && work === 'stopped') {
    script.ring(bell, 'dropped', caller, name);
  }

  const waiting = readDemand(script, demands, name);
  if (waiting.token === token) {
    begun(script, waiting);
    waiting.token = '';
    writeDemand(script, demands, name, waiting);
  }

  const counted = of.notes;
  let takenBack = false;
  const note = noteOf(of.notes, token, /^(\S)(\d*-?\d*)/);
  if (note) {
    const [, kind, id = ''] = note.rest;
    of.notes = withoutNote(of.notes, token);
    if (kind === '!') {
      takenBack = true;
      if (id !== '') db.xdel(history, id);
      of.runs = Math.max(0, of.runs - 1);
      of.failures = Math.max(0, of.failures - 1);
      of.calls = inARow(of.calls, -1);
    }
  }
  const isNew = (isHeld && work !== 'going') || !called(of.calls, caller, sequence);
  if (run !== '' && isNew) {
    of.calls = remember(inARow(of.calls, Number(failed)), `${caller}:`, `${caller}:${sequence}`);
    of.runs += 1;
    of.failures += Number(failed);
    writeCounts(script, counts, name, of);
    const fields = details === '' ? ['run', run] : ['run', run, 'details', details];
    script.ended(name, token, fields);
    if (kept !== '0') db.xadd(history, Number(kept), fields);
  } else if (of.notes !== counted) {
    writeCounts(script, counts, name, of);
  }
  if (run !== '' && isHeld) db.hset(runs, name, run);
  if (run !== '' && !isHeld) noteLastRun(script, runs, name, Number(startedAt), run, takenBack);
  const found = suspects(of.notes, db.get(lock));
  const waitsIn = demandIn(script, waiting, lock);
  if (leaving === '1' && waitsIn >= 0)
    script.ring(bell, 'demand', caller, int(now), '0', int(waitsIn), listeners, name);
  return [nowUs, waitsIn, recoverable, found];
};

export const died: Carried = (script, keys, args) => {
  const { db, nowUs } = script;
  const [counts = '', runs = '', history = '', lock = ''] = keys;
  const [name = '', token = '', caller = ''] = args;
  const of = readCounts(script, counts, name);
  const note = noteOf(of.notes, token, /^\S+/);
  if (!note || db.get(lock) === token) return [nowUs, 'none', '', 0];
  const { since, what, at, rest } = note;
  const [by = ''] = rest;
  const noted = (id: string, who: string) =>
    remember(of.notes, token, `${token}:${since}:${what}${at}:!${id}:${who}`);

  const [, recorded, teller] = /^!(\d*-?\d*):([0-9a-fA-F]*)$/.exec(by) ?? [];
  if (recorded !== undefined) {
    if (caller === '' || (teller !== '' && teller !== caller)) return [nowUs, 'told', what, Number(at)];
    if (teller === '') writeCounts(script, counts, name, { ...of, notes: noted(recorded, caller) });
    return [nowUs, 'died', what, Number(at)];
  }

  const [, kept, runBy] = /^(\d+):(.+)$/s.exec(by) ?? [];
  if (kept === undefined) return [nowUs, 'none', '', 0];
  const isSlot = what === 's' || what === 'S';
  const startedAt = isSlot ? Math.max(Number(since), Number(at)) : Number(since);
  const record = [
    `{"${isSlot ? 'slot' : 'demandedAt'}":${at},"startedAt":${int(startedAt)}`,
    `,"lateness":${int(Math.max(0, startedAt - Number(at)))},"durationMs":0`,
    ',"outcome":"failed","end":"died","error":"the instance died in the run"',
    `${what === 'S' || what === 'D' ? ',"recovered":true' : ''},${runBy}}`,
  ].join('');

  const counted = { ...of, runs: of.runs + 1, failures: of.failures + 1, calls: inARow(of.calls, 1) };
  writeCounts(script, counts, name, { ...counted, notes: noted('', caller) });
  script.ended(name, token, ['run', record]);
  if (kept !== '0') {
    const id = db.xadd(history, Number(kept), ['run', record]);
    writeCounts(script, counts, name, { ...counted, notes: noted(id, caller) });
  }
  noteLastRun(script, runs, name, startedAt, record);
  return [nowUs, 'died', what, Number(at)];
};
