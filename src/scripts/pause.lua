-- Keeps the slots of a job from being run, in the whole fleet, until a time or until it is resumed. Replaces an earlier
-- pause. A run in progress continues, and demands still run.
-- KEYS  paused, plans, due, trigger
-- ARGV  name, ends (ms; FIRED: until it is resumed), duration (ms from now, instead of `ends`; 0: none), info (JSON),
--       caller, sequence, bell
-- returns { nowUs, verdict, pause (the entry as it is stored) }
--   verdict  paused | done: this call, or a later one of this caller, was carried out before
-- rings  paused CALLER STAMP NAME
local paused, plans, due, trigger = unpack(KEYS)
local name, ends, duration, info, caller, sequence, bell = unpack(ARGV)

local before = readPause(paused, name)
if before and called(before.calls, caller, sequence) then return { nowUs, 'done', before.text } end

local pause = {
  stamp = math.max(now, (before and before.stamp or 0) + 1),
  since = int(now),
  ends = math.min(FIRED, tonumber(duration) > 0 and now + tonumber(duration) or tonumber(ends)),
  calls = rememberCall(before and before.calls or '', caller, sequence),
  info = info,
}
writePause(paused, name, pause)
-- Instances of the original run the job when the trigger expires.
local entry = readPlan(plans, due, name)
if not entry or covers(pause, entry.slot) then redis.call('DEL', trigger) end
ring(bell, 'paused', caller, int(pause.stamp), name)
return { nowUs, 'paused', pause.text }
