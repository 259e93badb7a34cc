-- Ends a job's scheduled runs in the whole fleet.
-- KEYS  plans, due, trigger
-- ARGV  name, caller, sequence, bell
-- returns { nowUs, verdict, stamp, slot }   verdict  fired | done: this call, or a later one, was carried out before
-- rings  armed CALLER STAMP NAME
local plans, due, trigger = unpack(KEYS)
local name, caller, sequence, bell = unpack(ARGV)

local entry = readPlan(plans, due, name) or { stamp = 0, plan = '', claims = '', calls = '', before = '' }
if called(entry.calls, caller, sequence) then return { nowUs, 'done', entry.stamp, entry.slot } end

entry.stamp = math.max(now, entry.stamp + 1)
entry.slot = FIRED + now
entry.before = ''
entry.calls = rememberCall(entry.calls, caller, sequence)
writePlan(plans, due, name, entry)
redis.call('DEL', trigger)
ring(bell, 'armed', caller, int(entry.stamp), name)
return { nowUs, 'fired', entry.stamp, entry.slot }
