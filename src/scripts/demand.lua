-- Notes a demand. With a token, it is the caller's own: noted, taken and locked in one step, if the lock is free.
-- KEYS  demands, demandTrigger, lock, recovers, counts
-- ARGV  name, caller, sequence, token ('' : only note it), ttlMs, listeners (as the instance last heard), recover (1: note
--       the run until it is settled), by (who runs it, as in the notes of PREFIX:counts), bell
-- returns { nowUs, verdict, demandedAt, lockRest, heard, suspects (runs of the job that may have died) }
--   verdict  begun: the caller runs it, and it counts as run | yours: the caller runs it, but it counts as run only after
--            `begin`, because another demand was waiting | noted | done: this call was carried out before
-- rings  taken CALLER AT 0 LOCKREST NAME (LOCKREST -1: it counts as run), or
--        demand CALLER AT TRIGGERSET LOCKREST LISTENERS NAME
local demands, demandTrigger, lock, recovers, counts = unpack(KEYS)
local name, caller, sequence, token, ttlMs, listeners, recover, by, bell = unpack(ARGV)

local entry = readDemand(demands, name)
local waits = entry.state ~= 'idle'
if called(entry.calls, caller, sequence) then
  -- A repeated call: its first answer was lost, and the demand that it handed over has not been run.
  if token == '' or entry.token ~= token then return { nowUs, 'done', entry.at, 0, 0, '' } end
  if redis.call('GET', lock) == token then
    return { nowUs, waits and 'yours' or 'begun', entry.at, lockRest(lock), 0, '' }
  end
else
  entry.calls = rememberCall(entry.calls, caller, sequence)
  -- Joins a demand that already waits, even if its taker has died. A demand that is about to begin may then run twice.
  if entry.state == 'idle' or (entry.state == 'taken' and redis.call('GET', lock) == entry.token) then entry.at = now end
end

if token ~= '' and redis.call('SET', lock, token, 'NX', 'PX', ttlMs) then
  entry.state = waits and 'taken' or 'idle'
  entry.token = token
  writeDemand(demands, name, entry)
  if redis.pcall('GET', demandTrigger) == name then redis.call('DEL', demandTrigger) end
  local found = ''
  if not waits then
    if recover == '1' then noteDemand(recovers, name, caller, token, int(entry.at)) end
    found = noteRun(counts, name, token, 'd' .. int(entry.at), by)
  end
  local heard = ring(bell, 'taken', caller, int(now), '0', waits and ttlMs or '-1', name)
  return { nowUs, waits and 'yours' or 'begun', entry.at, tonumber(ttlMs), heard, found }
end

entry.state = 'noted'
writeDemand(demands, name, entry)
local set = redis.call('SET', demandTrigger, name, 'NX', 'PX', 1) and '1' or '0'
local rest = lockRest(lock)
local heard = ring(bell, 'demand', caller, int(now), set, int(rest), listeners, name)
return { nowUs, 'noted', entry.at, rest, heard, '' }
