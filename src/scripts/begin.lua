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
  local isCounted = begun(entry)
  if isCounted then writeDemand(demands, name, entry) end
  -- Noted: another demand was made after this one was taken, and waits for the end of this run. Carrying this out twice does no
  -- harm, because nobody recovers a run whose lock is held.
  if isCounted or (entry.state == 'noted' and redis.call('GET', lock) == token) then
    if recover == '1' then noteDemand(recovers, name, caller, token, demandedAt) end
    found = noteRun(counts, name, token, 'd' .. demandedAt, by)
  end
end
ring(bell, 'begun', caller, int(now), entry.state == 'idle' and '0' or '1', name)
return { nowUs, found }
