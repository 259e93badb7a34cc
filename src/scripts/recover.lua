-- Takes a slot or a demand whose run has died: it has not settled, and its lock is gone.
-- KEYS  recovers, lock, due, counts, paused
-- ARGV  name, token, ttlMs (0: only release), by (who runs it, as in the notes of PREFIX:counts), again ('': no; or the
--       token with which the caller took a slot or demand here and could not begin it before its lock ended: in one step
--       it is released, so that any instance can take it, and taken again if possible), caller, bell
-- returns { nowUs, verdict, at (the slot, or the time of the demand), lockRest, demanded (1: it is a demand), suspects (runs
--           of the job that may have died) }
--   verdict  yours: run it once more | held: a run of the job is in progress, or what was released waits for the end of a
--            pause; ask again after lockRest | none: there is nothing to take; if something was to be released, it is not
--            noted any more
-- rings  recovered CALLER AT NAME, or dropped CALLER NAME, if something was only released
local recovers, lock, due, counts, paused = unpack(KEYS)
local name, token, ttlMs, by, again, caller, bell = unpack(ARGV)

local list = redis.call('HGET', recovers, name) or ''
local isBack = false
if again ~= '' then
  if redis.call('GET', lock) == again then redis.call('DEL', lock) end
  local at, demanded = string.match(list, again .. ':(%d+):1(d?)')
  isBack = at ~= nil
  if isBack then
    -- Reverse the token, because the caller's next claim replaces the entry that begins with the caller's id.
    list = remember(list, again, string.reverse(again) .. ':' .. at .. ':0' .. demanded)
    redis.call('HSET', recovers, name, list)
  end
  local runs, failures, skips, calls, notes = readCounts(counts, name)
  local rest = withoutNote(notes, again)
  if rest ~= notes then writeCounts(counts, name, runs, failures, skips, calls, rest) end
end
if ttlMs == '0' then
  if isBack then ring(bell, 'dropped', caller, name) end
  return { nowUs, 'none', 0, 0, 0, '' }
end
local holder = redis.call('GET', lock)
local isFired = (tonumber(redis.call('ZSCORE', due, name) or nil) or 0) >= FIRED
local isPaused = inForce(readPause(paused, name))
local first, slot, kind
for owner, claimed, times, demanded in string.gmatch(list, '(%w+):(%d+):(%d)(d?)') do
  if owner == token then
    return { nowUs, 'yours', tonumber(claimed), holder == token and lockRest(lock) or 0, #demanded, '' }
  end
  -- Of a fired or paused job, only demands are run.
  local isWanted = times == '0' and tonumber(claimed) < FIRED and (demanded ~= '' or not (isFired or isPaused))
  if not first and isWanted then first, slot, kind = owner, claimed, demanded end
end
if not first then
  -- What is left has already been run a second time, or is a slot of a fired job. A paused job's slot waits for the pause.
  if list ~= '' and (isFired or not (holder or isPaused)) then
    local _, _, _, _, notes = readCounts(counts, name)
    local left = unsettled(isFired and string.gsub(list, '%w+:%d+:0', '') or list, notes)
    if left == '' then
      redis.call('HDEL', recovers, name)
    elseif left ~= list then
      redis.call('HSET', recovers, name, left)
    end
  end
  if isBack and isPaused and not isFired then return { nowUs, 'held', 0, lockRest(lock), 0, '' } end
  return { nowUs, 'none', 0, 0, 0, '' }
end
if not redis.call('SET', lock, token, 'NX', 'PX', ttlMs) then return { nowUs, 'held', 0, lockRest(lock), 0, '' } end

-- The second run is noted as well, so that this command may arrive twice; there is no third run.
redis.call('HSET', recovers, name, remember(list, first, token .. ':' .. slot .. ':1' .. kind))
local found = noteRun(counts, name, token, (kind == '' and 'S' or 'D') .. slot, by)
ring(bell, 'recovered', caller, int(now), name)
return { nowUs, 'yours', tonumber(slot), tonumber(ttlMs), #kind, found }
