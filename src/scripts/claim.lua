-- Assigns a due slot to one instance, with the job's lock, and sets the next slot.
-- KEYS  plans, due, trigger, lock, recovers, counts, paused
-- ARGV  name, stamp, expected (the slot as the instance knows it), everyMs (0: cron), nextSlot (of cron), token,
--       ttlMs, skipAfterMs (a slot later than this is skipped; -1: never), earlyMs (how long before its time the slot may be
--       claimed), open (1: nobody goes first next time), listeners (as the instance last heard), recover (1: note the run
--       until it is settled), by (who runs it, as in the notes of PREFIX:counts), again ('': no; or the token with which
--       the caller won the slot `expected` and could not begin it before its lock ended: in one step the slot is released
--       and claimed again), knownPause (the entry of PREFIX:paused that the instance knows, if that keeps the slot from
--       being run; or ''), caller, bell
-- returns { nowUs, verdict, slot, next, lockRest, heard, stamp, plan, suspects (runs of the job that may have died), pause
--           (the entry of PREFIX:paused that keeps the slot from being run, or '') }
--   verdict  run: the caller has the slot and the lock | locked: skipped, because a run is in progress | missed: skipped,
--            because it is too late | paused: skipped, or released, because the job is paused | ahead: due at `slot`
--            | held: claim again at the slot, because a run is in progress, or the job is paused and may be resumed by then
--            | resumed: the slot passed before a pause ended; nothing was changed. Claim the first slot after that end
--            | stale: `nextSlot` has passed, compute it again | fired
--            | passed: cannot be claimed again, because the next slot is due or claimed, or its claim is not known any more
--            | elsewhere: cannot be claimed again, because another instance has recovered it
--            | plan: another plan is stored | gone: nothing is stored, or so recently that another instance may have newer
--            data
-- rings  claim CALLER AT STAMP SLOT NEXT VERDICT OPEN LISTENERS NAME   (AT: Redis' time in ms; a paused slot is announced as
--        missed), but not for a slot that is claimed again, because the next slot stays the same; paused CALLER STAMP NAME,
--        if a pause was restored that Redis had lost
local plans, due, trigger, lock, recovers, counts, paused = unpack(KEYS)
local name, stamp, expected, everyMs, nextSlot, token, ttlMs, skipAfterMs, earlyMs, open, listeners, recover, by,
  again, knownPause, caller, bell = unpack(ARGV)
local every = tonumber(everyMs)

local entry = readPlan(plans, due, name)
if not entry then return { nowUs, 'gone', 0, 0, 0, 0, 0, '', '', '' } end

local found, pauseText = '', ''
local function answer(verdict, slot, rest, heard, following)
  return { nowUs, verdict, slot, following or entry.slot, rest, heard, entry.stamp, entry.plan, found, pauseText }
end

local verdict, claimed, wasNext, wasStamp =
  string.match(' ' .. entry.claims, ' ' .. token .. ':(%a+):(%d+):(%d+):(%d+)')
if verdict then
  local mine = verdict == 'run' and redis.call('GET', lock) == token
  entry.stamp = tonumber(wasStamp)
  if verdict == 'paused' then pauseText = (readPause(paused, name) or {}).text or '' end
  return answer(verdict, tonumber(claimed), mine and lockRest(lock) or 0, 0, tonumber(wasNext))
end

-- Whatever the answer, the caller does not begin the slot with its earlier token.
if again ~= '' and redis.call('GET', lock) == again then redis.call('DEL', lock) end

-- The plan was just restored to an emptied Redis, or stored there and then moved by a restore: wait for later slots.
local since = string.match(entry.before, '^restored (%d+)$')
  or string.match(entry.before, '^born %d+ %d+ [1-9]%d* %d+ (%d+)$')
if since and now - tonumber(since) < OBJECTION then return { nowUs, 'gone', 0, 0, 0, 0, 0, '', '', '' } end

if entry.fired then return answer('fired', entry.slot, 0, 0) end
if entry.stamp ~= tonumber(stamp) then return answer('plan', entry.slot, 0, 0) end

-- Read before anything is written, so that a foreign value refuses the whole claim.
local list = recover == '1' and redis.call('HGET', recovers, name) or ''
local pause, isPauseBack = bringBackPause(paused, name, knownPause, caller, bell)
-- Even if the slot does not move: instances of the original run the job when the trigger expires.
if isPauseBack then setTrigger(trigger, entry.slot, pause) end

-- Slots only move forward: if the stored one is earlier, Redis has restored older data.
local slot = math.max(entry.slot, tonumber(expected))
if again ~= '' and covers(pause, tonumber(expected)) then
  pauseText = pause.text
  return answer('paused', tonumber(expected), 0, 0)
end
if again ~= '' then
  -- As long as the next slot is the one that the caller's own claim set, nobody can have claimed this one since. Once the next
  -- slot is due, one run covers both.
  local won, wonNext = string.match(' ' .. entry.claims, ' ' .. again .. ':run:(%d+):(%d+):' .. stamp)
  if won ~= expected or tonumber(wonNext) ~= entry.slot or entry.slot <= now then
    return answer('passed', entry.slot, 0, 0)
  end
  if recover == '1' and not string.find(' ' .. list, ' ' .. again .. ':' .. expected .. ':0', 1, true) then
    return answer('elsewhere', entry.slot, 0, 0)
  end
  slot = tonumber(expected)
end
local rest = math.max(0, slot - now)
local function moveTo(later)
  entry.slot = later
  entry.before = unreplaced(entry.before)
  writePlan(plans, due, name, entry)
  setTrigger(trigger, later, pause)
end

-- Only the expected slot is claimed early, because `nextSlot` follows that one.
if again == '' and rest > 0 and (rest > tonumber(earlyMs) or slot > tonumber(expected)) then
  if slot > entry.score then moveTo(slot) end
  return answer('ahead', slot, 0, 0)
end

local isPaused = covers(pause, slot)
if isPaused then
  pauseText = pause.text
  if not inForce(pause) then return answer('resumed', slot, 0, 0) end
  if rest > 0 then return answer('held', slot, 0, 0) end
end

-- The next slot always lies in the future, so that several missed slots become one run.
local following = every > 0 and slot + every * (math.floor(math.max(0, now - slot) / every) + 1) or tonumber(nextSlot)
if again ~= '' then following = entry.slot end
if following <= now then return answer('stale', slot, 0, 0) end

-- The slot was claimed before its time, under a plan that has been fired or replaced since.
if again == '' and slot == entry.claimed then
  moveTo(following)
  return answer('ahead', following, 0, 0)
end

if isPaused then
  verdict = 'paused'
elseif tonumber(skipAfterMs) >= 0 and now - slot > tonumber(skipAfterMs) then
  verdict = 'missed'
elseif redis.call('SET', lock, token, 'NX', 'PX', ttlMs + rest) then
  verdict = 'run'
  if recover == '1' then
    redis.call('HSET', recovers, name, remember(list, caller, token .. ':' .. int(slot) .. ':0'))
  end
elseif rest > 0 or again ~= '' then
  return answer('held', slot, 0, 0)
else
  verdict = 'locked'
end

entry.slot = following
-- Forget the plan that was replaced: its slot has been run as one of this plan, and must not come back.
entry.before = ''
local claim = table.concat({ token, verdict, int(slot), int(following), int(entry.stamp) }, ':')
entry.claims = remember(entry.claims, caller, claim)
writePlan(plans, due, name, entry)
setTrigger(trigger, following, pause)
if verdict == 'run' then
  found = noteRun(counts, name, token, 's' .. int(slot), by, again ~= '' and again)
else
  local runs, failures, skips, calls, notes = readCounts(counts, name)
  if not isPaused then writeCounts(counts, name, runs, failures, skips + 1, calls, notes) end
  if notes ~= '' then found = suspects(notes, redis.call('GET', lock)) end
end
if again ~= '' then return answer(verdict, slot, verdict == 'run' and ttlMs + rest or 0, 0) end
-- It makes no difference to other instances why the slot is not run, and version 2.0.0 does not know pauses.
local rung = isPaused and 'missed' or verdict
local heard = ring(bell, 'claim', caller, int(now), stamp, int(slot), int(following), rung, open, listeners, name)
return answer(verdict, slot, verdict == 'run' and ttlMs + rest or 0, heard)
