-- Prepended to every script by the build.
--
-- PREFIX:plans  NAME -> stamp|plan|claims|calls|before
--   stamp   Redis time (ms) of the hire or fire that wrote the plan; the higher stamp wins
--   plan    canonical text; '' if the job was fired before it had a plan
--   claims  the last claim of up to 8 instances, TOKEN:VERDICT:SLOT:NEXT:STAMP, so that a repeated claim gets the same answer
--   calls   the last hire or fire of up to 32 instances, CALLER:SEQUENCE, so that a repeated one changes nothing
--   before  until a slot of this plan is claimed, where the plan came from:
--           SLOT PLAN    the plan that it replaced, and that plan's slot. If that plan is armed again, it gets this slot back,
--                        so that two plans that replace each other in turn do not starve the job
--           restored AT  it was written back into an emptied Redis
--           born STAMP SLOT OLDSTAMP OLDSLOT AT  it was stored in an empty Redis. OLD…: the newest that an instance knew from
--                        before, restored at AT; all 0 if none has been restored
-- PREFIX:due    NAME -> next slot in ms. A fired job has FIRED + the time of the fire, so it comes after all others
-- PREFIX:paused NAME -> stamp|since|until|calls|info
--   stamp  Redis time (ms) of the pause or resume that wrote it; the higher stamp wins
--   until  no slot before this time is run; FIRED: until the job is resumed. The record is kept after this time has passed,
--          so that slots from before it are not run later, and no instance brings back an older pause that it remembers
--   calls  the last pause or resume of up to 32 instances, CALLER:SEQUENCE, so that a repeated one changes nothing
--   info   JSON for display only: who paused or resumed the job, and why
-- PREFIX:demands NAME -> state|time|token|originalAt|calls
--   state       noted, taken or idle
--   token       the last taker's, until its run has ended
--   originalAt  when the last demand of an original was heard
-- PREFIX:recovers NAME -> TOKEN:AT:TIMES ... for each run that has not settled, if the job was hired with recover
--   AT     the slot; if TIMES is followed by d, the time of the demand. Instances of 2.0.0 treat that as a slot
--   TIMES  0: the first run; 1: the second one, which is not recovered if it dies as well
-- PREFIX:counts NAME -> runs|failures|skips|calls, or runs|failures|skips|notes | calls
--   calls  the last settle of up to 8 instances, CALLER:SEQUENCE, so that a repeated one is not counted; while the last run
--          failed, also row:N, the number of consecutive failures
--   notes  up to 8 runs that have begun and not settled, so that a run whose process dies leaves a trace:
--          TOKEN:AT:WHAT:BY        it is in progress, or has died
--          TOKEN:AT:WHAT:!ID:WHO   it was recorded as died, under this ID in the history; WHO reports it ('': nobody yet)
--     AT    when it began
--     WHAT  s and the slot, or d and the time of the demand; S or D: it is the second run, because the first one died
--     BY    KEPT:JSON: the number of runs that the job's history keeps, and the fields of a record that say who ran it,
--           without spaces
--   Instances of 2.0.0 treat the notes as calls, and keep them until there are more than 8 entries.

local time = redis.call('TIME')
local nowUs = time[1] * 1000000 + time[2]
local now = math.floor(nowUs / 1000)

-- A slot at or above this means that the job is fired. All valid times in ms are below it.
local FIRED = 1e15
-- The number of entries that a list keeps.
local KEPT = 8
-- Keep more calls than claims: after a lost connection, a whole large fleet may resend at once.
local KEPT_CALLS = 32
-- ms for which an instance that knows a lost plan can restore it before a new one starts; allows for reconnecting.
local OBJECTION = 300
-- ms after which a lock without an expiry, which redlock never sets, is checked again.
local FOREIGN_LOCK = 1000

-- Formats an integer, because Lua prints large numbers with an exponent. Cached: answers about many jobs often repeat.
local ints = {}
local function int(number)
  local text = ints[number]
  if not text then
    text = string.format('%.0f', number)
    ints[number] = text
  end
  return text
end

-- Removes the entries that begin with `id` from `list`, appends `entry`, and keeps the newest `count` entries.
local function remember(list, id, entry, count)
  if list == '' then return entry end
  local last = string.match(list, '^.* ()') or 1
  if string.sub(list, last, last + #id - 1) == id then return string.sub(list, 1, last - 1) .. entry end
  local kept = {}
  for item in string.gmatch(list, '%S+') do
    if string.sub(item, 1, #id) ~= id then kept[#kept + 1] = item end
  end
  kept[#kept + 1] = entry
  return table.concat(kept, ' ', math.max(1, #kept - (count or KEPT) + 1))
end

local function rememberCall(calls, caller, sequence)
  return remember(calls, caller .. ':', caller .. ':' .. sequence, KEPT_CALLS)
end

-- Whether this call of this caller, or a later one, has already been carried out.
local function called(list, caller, sequence)
  local last = string.match(' ' .. list, ' ' .. caller .. ':(%d+)')
  -- No instance has made FIRED calls. Such a number was written by something else, and must not block our calls forever.
  return last and tonumber(last) < FIRED and tonumber(last) >= tonumber(sequence)
end

-- A value that we did not write, or with an impossible time, is treated as missing.
local function parsePlan(text, due, name)
  if not text then return nil end
  local stamp, plan, claims, calls, before =
    string.match(text, '^(%d+)|([^|]*)|([^|]*)|([^|]*)|([^|]*)$')
  local score = stamp and tonumber(redis.call('ZSCORE', due, name) or nil)
  if not score or score < 0 or score >= 2 * FIRED or tonumber(stamp) >= FIRED then return nil end
  -- A slot that was claimed is not run again, even if the score was set back to it, or to an earlier slot, from outside.
  -- `score` is what is stored, `slot` is what counts. The newest claim is the last one, and slots only move forward.
  local slot = score
  local claimed, following, of = string.match(claims, ':(%d+):(%d+):(%d+)$')
  if of == stamp and score <= tonumber(claimed) and tonumber(following) < FIRED then
    slot = math.max(score, tonumber(following))
  end
  return { stamp = tonumber(stamp), plan = plan, claims = claims, calls = calls, before = before,
    claimed = tonumber(claimed), score = score, slot = slot, fired = slot >= FIRED }
end

local function readPlan(plans, due, name)
  return parsePlan(redis.call('HGET', plans, name), due, name)
end

local function planText(entry)
  return int(entry.stamp) .. '|' .. entry.plan .. '|' .. entry.claims .. '|' .. entry.calls .. '|' .. entry.before
end

local function writePlan(plans, due, name, entry)
  redis.call('HSET', plans, name, planText(entry))
  redis.call('ZADD', due, int(entry.slot), name)
end

-- What remains of `before` when the slot has moved: the plan that was replaced no longer gets its slot back.
local function unreplaced(before)
  return string.find(before, '^%d') and '' or before
end

-- A value that we did not write, or with an impossible time, is treated as missing.
local function parsePause(text)
  local stamp, since, untilText, calls, info = string.match(text or '', '^(%d+)|(%d+)|(%d+)|([^|]*)|(.*)$')
  if not stamp or tonumber(stamp) >= FIRED then return nil end
  return { stamp = tonumber(stamp), since = since, ends = math.min(FIRED, tonumber(untilText)), calls = calls,
    info = info, text = text }
end

local function readPause(paused, name)
  return parsePause(redis.call('HGET', paused, name))
end

local function writePause(paused, name, pause)
  pause.text = table.concat({ int(pause.stamp), pause.since, int(pause.ends), pause.calls, pause.info }, '|')
  redis.call('HSET', paused, name, pause.text)
end

-- Whether the pause keeps this slot from being run: it lies before the end of the pause.
local function covers(pause, slot)
  return pause ~= nil and slot < pause.ends
end

local function inForce(pause)
  return covers(pause, now)
end

-- Sets the trigger for a future slot; one that is due has none, because the key would have expired. A slot that is not run
-- because of a pause has none either: instances of the original would run it when the trigger expires.
local function setTrigger(trigger, slot, pause)
  if slot >= FIRED then return end
  if covers(pause, slot) and inForce(pause) then
    redis.call('DEL', trigger)
  elseif slot > now then
    redis.call('SET', trigger, int(slot), 'PX', int(slot - now))
  end
end

local function parseDemand(text)
  local state, at, token, originalAt, calls =
    string.match(text or '', '^(%a+)|(%d+)|(%w*)|(%d+)|([^|]*)$')
  if not state then return { state = 'idle', at = 0, token = '', originalAt = 0, calls = '' } end
  return { state = state, at = math.min(now, tonumber(at)), token = token, originalAt = tonumber(originalAt), calls = calls }
end

local function readDemand(demands, name)
  return parseDemand(redis.call('HGET', demands, name))
end

local function writeDemand(demands, name, entry)
  redis.call('HSET', demands, name,
    table.concat({ entry.state, int(entry.at), entry.token, int(entry.originalAt), entry.calls }, '|'))
end

-- From here on, a demand that was taken counts as run, however the run ends.
local function begun(entry)
  if entry.state ~= 'taken' then return false end
  entry.state = 'idle'
  entry.at = now
  return true
end

-- Notes a demand whose run begins, like a slot but followed by d, so that it can be recovered if the run dies.
local function noteDemand(recovers, name, caller, token, at)
  local noted = redis.pcall('HGET', recovers, name)
  local list = type(noted) == 'string' and noted or ''
  if string.find(list, token, 1, true) then return end
  redis.pcall('HSET', recovers, name, remember(list, caller, token .. ':' .. at .. ':0d'))
end

-- The counts are for display only: an error in them never fails a script.
local function readCounts(counts, name)
  local text = redis.pcall('HGET', counts, name)
  local runs, failures, skips, list =
    string.match(type(text) == 'string' and text or '', '^(%d+)|(%d+)|(%d+)|(.*)$')
  local notes, calls = string.match(list or '', '^(.*) | (.*)$')
  return runs or '0', failures or '0', skips or '0', calls or list or '', notes or ''
end

local function countsText(runs, failures, skips, calls, notes)
  if notes ~= '' then notes = notes .. ' | ' end
  return runs .. '|' .. failures .. '|' .. skips .. '|' .. notes .. calls
end

local function writeCounts(counts, name, ...)
  redis.pcall('HSET', counts, name, countsText(...))
end

-- Stores the record of the last run, unless a later run has been recorded: a run may end long after its lock expired. With
-- `overDeath`, it replaces the record of its own death, whose start time is only approximate.
local function noteLastRun(runs, name, startedAt, record, overDeath)
  local before = redis.pcall('HGET', runs, name)
  local last = type(before) == 'string' and string.match(before, '"startedAt":(%d+)')
  if overDeath and last and string.find(before, '"end":"died"', 1, true) then last = nil end
  if not last or tonumber(last) <= tonumber(startedAt) then redis.pcall('HSET', runs, name, record) end
end

-- Returns the calls with one more consecutive failure (`by` 1), one less (-1), or none (0).
local function inARow(calls, by)
  local before = string.match(calls, 'row:(%d+)')
  if not before and by <= 0 then return calls end
  local row = math.max(0, tonumber(before or 0) + by)
  if by ~= 0 and row > 0 and row < FIRED then return remember(calls, 'row:', 'row:' .. int(row)) end
  return (string.gsub(string.gsub(calls, ' ?row:%d+', ''), '^ ', ''))
end

local function withoutNote(notes, token)
  return (string.sub(string.gsub(' ' .. notes, ' ' .. token .. '%S*', ''), 2))
end

-- Returns a list of PREFIX:recovers without the second runs that are known to be over. A second run that is noted as open may
-- be late: its lock expired before it could begin, and its instance is about to take it again.
local function unsettled(list, notes)
  local kept = {}
  for entry, token, times in string.gmatch(list, '((%w+):%d+:(%d)d?)') do
    if times == '0' or string.find(' ' .. notes, ' ' .. token .. ':%d+:%a%d+:%d') then kept[#kept + 1] = entry end
  end
  return table.concat(kept, ' ')
end

-- The tokens of noted runs that do not hold the lock, and of those recorded as died that nobody has reported.
local function suspects(notes, holder)
  if notes == '' then return '' end
  local found = {}
  for token, entry, who in string.gmatch(notes, '(%x+):%d+:%a%d+:(%S)(%S*)') do
    if token ~= holder and (entry ~= '!' or string.sub(who, -1) == ':') then found[#found + 1] = token end
  end
  return table.concat(found, ' ')
end

-- Notes that a run has begun, in place of the one with the token `late`, if there is such; settle removes the note. Returns
-- the tokens of other runs that may have died.
local function noteRun(counts, name, token, what, by, late)
  -- An instance that cannot subscribe passes '', because nobody could find out whether it is alive.
  if by == '' then return '' end
  local runs, failures, skips, calls, notes = readCounts(counts, name)
  if notes ~= '' and string.find(notes, token, 1, true) then return '' end
  writeCounts(counts, name, runs, failures, skips, calls,
    remember(notes, late or token, token .. ':' .. int(now) .. ':' .. what .. ':' .. by))
  return suspects(notes, token)
end

-- ms until the lock expires; 0 if it is free.
local function lockRest(lock)
  local rest = redis.call('PTTL', lock)
  if rest == -1 then return FOREIGN_LOCK end
  if rest == -2 then return 0 end
  return math.max(1, rest)
end

-- ms until the waiting demand can be taken; -1 if none waits. A demand that was taken and never begun waits again when its
-- taker's lock ends.
local function demandIn(demand, lock)
  if demand.state == 'idle' then return -1 end
  return lockRest(lock)
end

-- Returns the number of instances that received the message. It is only a hint, so a refused PUBLISH is ignored.
local function publish(bell, message)
  local heard = redis.pcall('PUBLISH', bell, message)
  return type(heard) == 'number' and heard or 0
end

-- Publishes a message made of words.
local function ring(bell, ...)
  return publish(bell, table.concat({ ... }, ' '))
end

-- Returns the last pause or resume, and whether it was restored: if the caller knows a newer one than Redis, because Redis
-- lost it, the caller's is written and announced.
local function bringBackPause(paused, name, knownText, caller, bell)
  local pause, known = readPause(paused, name), parsePause(knownText)
  if not known or (pause and pause.stamp >= known.stamp) then return pause, false end
  known.calls = pause and pause.calls or ''
  writePause(paused, name, known)
  ring(bell, 'paused', caller, int(known.stamp), name)
  return known, true
end
