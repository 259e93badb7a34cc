import { noteRun } from './counts';
import {
  begun,
  type Carried,
  called,
  int,
  lockRest,
  noteDemand,
  readDemand,
  rememberCall,
  writeDemand,
} from './script';

export const demand: Carried = (script, keys, args) => {
  const { db, now, nowUs } = script;
  const [demands = '', demandTrigger = '', lock = '', recovers = '', counts = ''] = keys;
  const [name = '', caller = '', sequence = '', token = '', ttlMs = '', listeners = '', ...others] = args;
  const [recover, by = '', bell = ''] = others;
  const entry = readDemand(script, demands, name);
  const waits = entry.state !== 'idle';
  if (called(entry.calls, caller, sequence)) {
    if (token === '' || entry.token !== token) return [nowUs, 'done', entry.at, 0, 0, ''];
    if (db.get(lock) === token)
      return [nowUs, waits ? 'yours' : 'begun', entry.at, lockRest(script, lock), 0, ''];
  } else {
    entry.calls = rememberCall(entry.calls, caller, sequence);
    if (entry.state === 'idle' || (entry.state === 'taken' && db.get(lock) === entry.token)) entry.at = now;
  }

  if (token !== '' && db.setNxPx(lock, token, Number(ttlMs))) {
    entry.state = waits ? 'taken' : 'idle';
    entry.token = token;
    writeDemand(script, demands, name, entry);
    if (db.get(demandTrigger) === name) db.del(demandTrigger);
    let found = '';
    if (!waits) {
      if (recover === '1') noteDemand(script, recovers, name, caller, token, int(entry.at));
      found = noteRun(script, counts, name, token, `d${int(entry.at)}`, by);
    }
    const heard = script.ring(bell, 'taken', caller, int(now), '0', waits ? ttlMs : '-1', name);
    return [nowUs, waits ? 'yours' : 'begun', entry.at, Number(ttlMs), heard, found];
  }

  entry.state = 'noted';
  writeDemand(script, demands, name, entry);
  const set = db.setNxPx(demandTrigger, name, 1) ? '1' : '0';
  const rest = lockRest(script, lock);
  const heard = script.ring(bell, 'demand', caller, int(now), set, int(rest), listeners, name);
  return [nowUs, 'noted', entry.at, rest, heard, ''];
};

export const take: Carried = (script, keys, args) => {
  const { db, now, nowUs } = script;
  const [demands = '', demandTrigger = '', lock = '', due = ''] = keys;
  const [name = '', token = '', ttlMs = '', originalHeardAt = '', caller = '', bell = ''] = args;
  const entry = readDemand(script, demands, name);
  if (entry.token === token && db.get(lock) === token)
    return [nowUs, 'yours', entry.at, lockRest(script, lock), 0];

  if (entry.state === 'idle') {
    const heardAt = Number(originalHeardAt);
    const isKnown = heardAt === 0 || Math.abs(heardAt - entry.originalAt) < 100;
    if (isKnown || db.zscore(due, `demand:${name}`) !== null) return [nowUs, 'none', 0, 0, 0];
    entry.state = 'noted';
    entry.at = now;
  }
  if (originalHeardAt !== '0') {
    entry.originalAt = Number(originalHeardAt);
    writeDemand(script, demands, name, entry);
  }
  if (ttlMs === '0' || !db.setNxPx(lock, token, Number(ttlMs)))
    return [nowUs, 'held', entry.at, lockRest(script, lock), 0];
  entry.state = 'taken';
  entry.token = token;
  writeDemand(script, demands, name, entry);
  const isDeleted = db.get(demandTrigger) === name;
  if (isDeleted) db.del(demandTrigger);
  const heard = script.ring(bell, 'taken', caller, int(now), isDeleted ? '1' : '0', ttlMs, name);
  return [nowUs, 'yours', entry.at, Number(ttlMs), heard];
};

export const begin: Carried = (script, keys, args) => {
  const { db, now, nowUs } = script;
  const [demands = '', lock = '', recovers = '', counts = ''] = keys;
  const [name = '', token = '', demandedAt = '', recover, by = '', caller = '', bell = ''] = args;
  const entry = readDemand(script, demands, name);
  let found = '';
  if (entry.token === token) {
    const isCounted = begun(script, entry);
    if (isCounted) writeDemand(script, demands, name, entry);
    if (isCounted || (entry.state === 'noted' && db.get(lock) === token)) {
      if (recover === '1') noteDemand(script, recovers, name, caller, token, demandedAt);
      found = noteRun(script, counts, name, token, `d${demandedAt}`, by);
    }
  }
  script.ring(bell, 'begun', caller, int(now), entry.state === 'idle' ? '0' : '1', name);
  return [nowUs, found];
};
