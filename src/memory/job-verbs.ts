import { FIRED } from '../scripts/generated';
import { type Carried, covers, readDemand, readPause, type Script } from './script';

export const clock: Carried = ({ nowUs }) => [nowUs];

export const present: Carried = ({ db, nowUs }, [answers = ''], [caller = '', answer = '', ttlMs]) => {
  db.hset(answers, caller, answer);
  db.pexpire(answers, Number(ttlMs));
  return [nowUs];
};

export const forget: Carried = (script, keys, args) => {
  const { db, nowUs } = script;
  const [plans = '', due = '', demands = '', runs = '', recovers = '', counts = '', paused = '', ...ofJob] =
    keys;
  const [name = '', caller = '', bell = ''] = args;
  const demand = readDemand(script, demands, name);
  let deleted = db.zrem(due, name) + db.del(...ofJob);
  for (const hash of [plans, demands, recovers, runs, counts]) deleted += db.hdel(hash, name);
  if (db.hdel(paused, name) === 1) {
    deleted += 1;
    script.ring(bell, 'paused', caller, '0', name);
  }
  return [nowUs, deleted, demand.state === 'idle' ? 0 : demand.at];
};

const LONG = 30 * 86_400_000;
const PAGE = 100;
/** The number of demands, and of pauses, that one sweep looks at. */
const SOME = 16;

export const sweep: Carried = (script, keys, args) => {
  const { db, now, nowUs } = script;
  const [plans = '', due = '', demands = '', runs = '', recovers = '', counts = '', paused = ''] = keys;
  const names: string[] = JSON.parse(args[0] ?? '[]');
  const isOld = (name: string) => isOldIn(script, { due, demands, paused }, name);
  for (const [at, name] of names.entries()) {
    const [lock = '', history = ''] = keys.slice(2 * at + 7);
    if (db.exists(lock) || !isOld(name)) continue;
    db.zrem(due, name);
    for (const hash of [plans, demands, recovers, paused, runs, counts]) db.hdel(hash, name);
    db.del(history);
  }
  const found: string[] = [];
  const look = (list: string[]) => {
    const from = list.length > PAGE ? now % (list.length - PAGE) : 0;
    for (const name of list.slice(from)) if (found.length < PAGE && isOld(name)) found.push(name);
  };
  const long = now - LONG;
  look(db.zrangebyscore(due, Number.NEGATIVE_INFINITY, long, 10 * PAGE));
  look(db.zrangebyscore(due, FIRED, FIRED + long, 10 * PAGE));
  for (const hash of [demands, paused]) {
    const all = [...db.hgetall(hash).keys()];
    // Looks at different entries each time; the script picks random ones.
    const from = all.length > SOME ? now % (all.length - SOME + 1) : 0;
    look(all.slice(from, from + SOME));
  }
  return [nowUs, found];
};

/** As in sweep.lua. */
function isOldIn(
  script: Script,
  { due, demands, paused }: { due: string; demands: string; paused: string },
  name: string,
): boolean {
  const long = script.now - LONG;
  const demand = readDemand(script, demands, name);
  if (demand.state !== 'idle' || demand.at > long) return false;
  const pause = readPause(script, paused, name);
  if (covers(pause, long)) return false;
  const slot = script.db.zscore(due, name);
  if (slot !== null) return slot <= long || (slot >= FIRED && slot <= FIRED + long);
  return demand.at > 0 || pause !== null;
}
