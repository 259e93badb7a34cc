-- The taker of a demand has begun its run: from here on, the demand counts as run, however the run ends.
-- KEYS  demands, recovers, counts
-- ARGV  name, token, recover (1: note the run until it is settled), by (who runs it, as in the notes of PREFIX:counts),
--       caller, bell
-- returns { nowUs, suspects (runs of the job that may have died) }
-- rings  begun CALLER AT WAITING NAME   (WAITING 1: another demand waits, made meanwhile)
local demands, recovers, counts = unpack(KEYS)
local name, token, recover, by, caller, bell = unpack(ARGV)

local entry = readDemand(demands, name)
local demandedAt = int(entry.at)
local found = ''
if entry.token == token and begun(entry) then
  writeDemand(demands, name, entry)
  if recover == '1' then noteDemand(recovers, name, caller, token, demandedAt) end
  found = noteRun(counts, name, token, 'd' .. demandedAt, by)
end
ring(bell, 'begun', caller, int(now), entry.state == 'idle' and '0' or '1', name)
return { nowUs, found }
