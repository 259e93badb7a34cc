-- Records a run as died: it was noted, has not settled, and the caller has checked that its instance is gone.
-- KEYS  counts, runs, history, lock
-- ARGV  name, token, caller ('': it reports nothing)
-- returns { nowUs, verdict, what (as in the notes of PREFIX:counts), at (the slot, or the time of the demand) }
--   verdict  died: it is recorded, and the caller must report it | told: it is recorded, and another instance reports it
--            | none: it has settled, or holds its lock
local counts, runs, history, lock = unpack(KEYS)
local name, token, caller = unpack(ARGV)

local ran, failures, skips, calls, notes = readCounts(counts, name)
local since, what, at, by = string.match(notes, token .. ':(%d+):(%a)(%d+):(%S+)')
if not since or redis.call('GET', lock) == token then return { nowUs, 'none', '', 0 } end

local function note(id, who)
  return remember(notes, token, token .. ':' .. since .. ':' .. what .. at .. ':!' .. id .. ':' .. who)
end

local id, teller = string.match(by, '^!(%d*%-?%d*):(%x*)$')
if id then
  if caller == '' or (teller ~= '' and teller ~= caller) then return { nowUs, 'told', what, tonumber(at) } end
  if teller == '' then writeCounts(counts, name, ran, failures, skips, calls, note(id, caller)) end
  return { nowUs, 'died', what, tonumber(at) }
end

local kept, runBy = string.match(by, '^(%d+):(.+)$')
if not kept then return { nowUs, 'none', '', 0 } end
-- A slot is claimed shortly before its time, and its run begins on time.
local isSlot = what == 's' or what == 'S'
local startedAt = isSlot and math.max(tonumber(since), tonumber(at)) or tonumber(since)
local record = table.concat({
  '{"', isSlot and 'slot' or 'demandedAt', '":', at, ',"startedAt":', int(startedAt),
  ',"lateness":', int(math.max(0, startedAt - tonumber(at))), ',"durationMs":0',
  -- Instances of 2.0.0 read it as a failure.
  ',"outcome":"failed","end":"died","error":"the instance died in the run"',
  (what == 'S' or what == 'D') and ',"recovered":true' or '', ',', runBy, '}',
})

calls = inARow(calls, 1)
-- First, so that a Redis that is out of memory refuses the whole script, and the death is recorded only once.
redis.call('HSET', counts, name,
  countsText(ran + 1, failures + 1, skips, calls, note('', caller)))
if kept ~= '0' then
  local entry = redis.pcall('XADD', history, 'MAXLEN', '~', kept, '*', 'run', record)
  if type(entry) == 'string' then
    writeCounts(counts, name, ran + 1, failures + 1, skips, calls, note(entry, caller))
  end
end
noteLastRun(runs, name, startedAt, record)
return { nowUs, 'died', what, tonumber(at) }
