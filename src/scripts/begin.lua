-- The taker of a demand has begun it: from here on it counts as run, however the run ends.
-- KEYS  demands
-- ARGV  name, token, caller, bell
-- returns { nowUs }
-- rings  begun CALLER AT WAITING NAME   (WAITING 1: another demand was made meanwhile)
local demands = KEYS[1]
local name, token, caller, bell = unpack(ARGV)

local entry = readDemand(demands, name)
if entry.token == token and begun(entry) then writeDemand(demands, name, entry) end
ring(bell, 'begun', caller, int(now), entry.state == 'idle' and '0' or '1', name)
return { nowUs }
