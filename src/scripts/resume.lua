-- Ends a pause: from now on slots are run again, on the plan's grid as before. The record is kept, so that an instance that
-- was disconnected meanwhile cannot bring the pause back.
-- KEYS  paused, plans, due, trigger
-- ARGV  name, info (JSON), caller, sequence, bell
-- returns { nowUs, verdict, pause (the entry as it is stored) }
--   verdict  resumed | none: the job was not paused | done: this call, or a later one of this caller, was carried out before
-- rings  paused CALLER STAMP NAME
local paused, plans, due, trigger = unpack(KEYS)
local name, info, caller, sequence, bell = unpack(ARGV)

local before = readPause(paused, name)
if before and called(before.calls, caller, sequence) then return { nowUs, 'done', before.text } end

local verdict = inForce(before) and 'resumed' or 'none'
local pause = before or { stamp = 0, since = '0', ends = 0, calls = '' }
pause.stamp = math.max(now, pause.stamp + 1)
pause.ends = math.min(now, pause.ends)
pause.calls = rememberCall(pause.calls, caller, sequence)
pause.info = info
writePause(paused, name, pause)
local entry = readPlan(plans, due, name)
if verdict == 'resumed' and entry and redis.call('EXISTS', trigger) == 0 then setTrigger(trigger, entry.slot, pause) end
ring(bell, 'paused', caller, int(pause.stamp), name)
return { nowUs, verdict, pause.text }
