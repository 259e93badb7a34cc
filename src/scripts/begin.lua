-- The taker of a demand has begun its run: from here on, the demand counts as run, however the run ends.
-- KEYS  demands, lock, recovers, counts
-- ARGV  name, token, demandedAt (ms; of the run), recover (1: note the run until it is settled), by (who runs it, as in the
--       notes of PREFIX:counts), caller, bell
-- returns { nowUs, suspects (runs of the job that may have died) }
-- rings  begun CALLER AT WAITING NAME   (WAITING 1: another demand waits, made meanwhile)
local demands, lock, recovers, counts = unpack(KEYS)
local name, token, demandedAt, recover, by, caller, bell = unpack(ARGV)

local entry = readDemand(demands, name)
local found = ''
if entry.token == token then
  local isNoted = begun(entry)
  if isNoted then writeDemand(demands, name, entry) end
  -- Another demand was made since this one was taken: it waits for the end of this run. While the run's lock is held, nobody
  -- can have recovered the run, so this may be carried out twice.
  if not isNoted then isNoted = entry.state == 'noted' and redis.call('GET', lock) == token end
  if isNoted then
    if recover == '1' then noteDemand(recovers, name, caller, token, demandedAt) end
    found = noteRun(counts, name, token, 'd' .. demandedAt, by)
  end
end
ring(bell, 'begun', caller, int(now), entry.state == 'idle' and '0' or '1', name)
return { nowUs, found }
