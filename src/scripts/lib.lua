-- Prepended to every script by the build.
--
-- PREFIX:plans  NAME -> stamp|plan|claims|calls|before
--   stamp   Redis time (ms) of the hire or fire that wrote the plan; the higher stamp wins
--   plan    canonical text, '' when the job was fired before it ever had one
--   claims  the last claim of up to 8 instances, TOKEN:VERDICT:SLOT:NEXT:STAMP, so that a repeated claim gets its answer again
--   calls   the last hire or fire of up to 32 instances, CALLER:SEQUENCE, so that a repeated one changes nothing
--   before  SLOT PLAN of the plan that this one replaced before it had a slot claimed, so that two plans in turn starve
--           neither; or, until a slot is claimed:
--           restored AT                          brought back into an emptied Redis
--           born STAMP SLOT OLDSTAMP OLDSLOT AT  begun in an empty Redis; OLD…: what was known of it from before
-- PREFIX:due    NAME -> next slot in ms; fired jobs stand behind all others, at FIRED + the time of the fire
-- PREFIX:paused NAME -> stamp|since|until|calls|info
--   stamp  Redis time (ms) of the pause or resume that wrote it; the higher stamp wins
--   until  no slot before it is handed out; FIRED: until somebody resumes the job. It stays when it has passed, so that
--          slots from before it are not made up for, and an older pause that somebody remembers does not come back
--   calls  the last pause or resume of up to 32 instances, CALLER:SEQUENCE, so that a repeated one changes nothing
--   info   JSON for display only: who paused or resumed the job, and why
-- PREFIX:demands NAME -> state|time|token|originalAt|calls
--   state       noted, taken or idle
--   token       of the last taker, until its run is over
--   originalAt  when the last demand of an original was heard
-- PREFIX:recovers NAME -> TOKEN:AT:TIMES ... of runs that have not settled, of jobs that are to be recovered
--   AT     the slot or, with a d behind TIMES, the time of the demand; instances of 2.0.0 take that for a slot
--   TIMES  1: it is run once more, and not a third time
-- PREFIX:counts NAME -> runs|failures|skips|calls, or runs|failures|skips|notes | calls
--   calls  the last settle of up to 8 instances, CALLER:SEQUENCE, so that a repeated one is not counted; among them, while
--          the last run failed, row:N, how many in a row have failed
--   notes  up to 8 runs that began and have not settled, so that one whose process dies leaves a trace:
--          TOKEN:AT:WHAT:BY        it goes on, or has died
--          TOKEN:AT:WHAT:!ID:WHO   it was recorded as died, under that ID in the history; WHO reported it ('': nobody yet)
--     AT    when it began
--     WHAT  s or d, and the slot or the time of the demand that is run; S or D: once more, as the first run died
--     BY    KEPT:JSON; how many runs the job's history keeps, and the part of a record that says who ran it, without spaces
--   Instances of 2.0.0 take the notes for calls, and leave them alone until there are more than 8 entries.

local time = redis.call('TIME')
local nowUs = time[1] * 1000000 + time[2]
local now = math.floor(nowUs / 1000)

-- A slot at or above this means that the job is fired. All valid times in ms are below it.
local FIRED = 1e15
-- How many entries a list keeps.
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

-- `list` without the entries that begin with `id`, and with `entry` behind them: the newest `count` of it.
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

-- Was this call of this caller, or a later one, already carried out?
local function called(list, caller, sequence)
  local last = string.match(' ' .. list, ' ' .. caller .. ':(%d+)')
  -- No instance has made so many calls; a value that somebody else wrote must not have ours passed over for ever.
  return last and tonumber(last) < FIRED and tonumber(last) >= tonumber(sequence)
end

-- A value that is not ours is read as none, and so is a time that cannot be one.
local function parsePlan(text, due, name)
  if not text then return nil end
  local stamp, plan, claims, calls, before =
    string.match(text, '^(%d+)|([^|]*)|([^|]*)|([^|]*)|([^|]*)$')
  local score = stamp and tonumber(redis.call('ZSCORE', due, name) or nil)
  if not score or score < 0 or score >= 2 * FIRED or tonumber(stamp) >= FIRED then return nil end
  -- A slot that was claimed is over, even if somebody else set the score back to it, or to an earlier one. `score` is what
  -- is stored, `slot` is what counts. The newest claim is the last one, and slots only move forward.
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

-- `before` once a slot has been claimed: the plan that was replaced has no say any more.
local function unreplaced(before)
  return string.find(before, '^%d') and '' or before
end

-- A value that is not ours is read as none, and so is a time that cannot be one.
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

-- Is the slot one that passes while the job is paused, or before that?
local function covers(pause, slot)
  return pause ~= nil and slot < pause.ends
end

local function inForce(pause)
  return covers(pause, now)
end

-- Sets the trigger for a slot that is ahead; one that is due has none, as its key would have expired. Nor has one that is
-- not run because the job is paused: the trigger would have instances of the original run it.
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

-- From here on a demand that was taken counts as run, however the run ends.
local function begun(entry)
  if entry.state ~= 'taken' then return false end
  entry.state = 'idle'
  entry.at = now
  return true
end

-- Notes a demand that is run, to be run once more should that run die: as a slot is, with a d behind it.
local function noteDemand(recovers, name, caller, token, at)
  local list = redis.pcall('HGET', recovers, name)
  redis.pcall('HSET', recovers, name, remember(type(list) == 'string' and list or '', caller, token .. ':' .. at .. ':0d'))
end

-- The counts are for the eye alone: nothing that is wrong with them fails a script.
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

-- The record of the last run to begin: one that ends long after its lock must not cover that of a later one. With
-- `overDeath` it stands in for the record of its own death, of which the time is only about right.
local function noteLastRun(runs, name, startedAt, record, overDeath)
  local before = redis.pcall('HGET', runs, name)
  local last = type(before) == 'string' and string.match(before, '"startedAt":(%d+)')
  if overDeath and last and string.find(before, '"end":"died"', 1, true) then last = nil end
  if not last or tonumber(last) <= tonumber(startedAt) then redis.pcall('HSET', runs, name, record) end
end

-- The calls, with one more failure in a row (`by` 1), one less (-1), or none any more (0).
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

-- Tokens of noted runs that nobody holds a lock for, and of those that died and were not reported.
local function suspects(notes, holder)
  if notes == '' then return '' end
  local found = {}
  for token, entry, who in string.gmatch(notes, '(%x+):%d+:%a%d+:(%S)(%S*)') do
    if token ~= holder and (entry ~= '!' or string.sub(who, -1) == ':') then found[#found + 1] = token end
  end
  return table.concat(found, ' ')
end

-- Notes that a run has begun; settle takes the note away. Answers the tokens of others that may have died.
local function noteRun(counts, name, token, what, by)
  -- Of an instance that hears nothing nobody could tell whether it lives.
  if by == '' then return '' end
  local runs, failures, skips, calls, notes = readCounts(counts, name)
  if notes ~= '' and string.find(notes, token, 1, true) then return '' end
  writeCounts(counts, name, runs, failures, skips, calls,
    remember(notes, token, token .. ':' .. int(now) .. ':' .. what .. ':' .. by))
  return suspects(notes, token)
end

-- Rest of the lock in ms, 0 when it is free.
local function lockRest(lock)
  local rest = redis.call('PTTL', lock)
  if rest == -1 then return FOREIGN_LOCK end
  if rest == -2 then return 0 end
  return math.max(1, rest)
end

-- ms until a demand that waits can be taken, -1 when none waits. A demand taken but never begun waits again
-- as soon as its taker's lock is gone.
local function demandIn(demand, lock)
  if demand.state == 'idle' then return -1 end
  return lockRest(lock)
end

-- A hint only, so a channel that may not be used fails nothing. Answers how many instances heard it.
local function publish(bell, message)
  local heard = redis.pcall('PUBLISH', bell, message)
  return type(heard) == 'number' and heard or 0
end

-- The same, of words.
local function ring(bell, ...)
  return publish(bell, table.concat({ ... }, ' '))
end

-- The last pause or resume, also where Redis has lost it and the caller knows it: then it is written again, and rung.
-- Answers as well whether it was.
local function bringBackPause(paused, name, knownText, caller, bell)
  local pause, known = readPause(paused, name), parsePause(knownText)
  if not known or (pause and pause.stamp >= known.stamp) then return pause, false end
  known.calls = pause and pause.calls or ''
  writePause(paused, name, known)
  ring(bell, 'paused', caller, int(known.stamp), name)
  return known, true
end
