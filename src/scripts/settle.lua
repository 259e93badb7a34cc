-- The end of a run: releases its lock, records and counts the run, and returns whether a demand was made meanwhile.
-- KEYS  lock, runs, demands, recovers, counts, history
-- ARGV  name, token, startedAt, run (JSON; '': what was won was not run), leaving (1: another instance must take a demand),
--       caller, listeners, bell, sequence, failed (1: the run failed), kept (runs that the history keeps; 0: do not add it),
--       details (of an error, as JSON, only for the history; '': none),
--       work (over: it has ended; if quit gave up on the run, stopped: it has ended, or going: it is still running)
-- returns { nowUs, demandIn, recoverable (1: another run has died, or is in progress), suspects (runs of the job that may
--           have died) }
-- rings  settled CALLER NAME, if the run was noted for recovery, or dropped CALLER NAME, if it can be recovered now;
--        demand CALLER AT 0 LOCKREST LISTENERS NAME, when leaving and a demand waits
local lock, runs, demands, recovers, counts, history = unpack(KEYS)
local name, token, startedAt, run, leaving, caller, listeners, bell, sequence, failed, kept,
  details, work = unpack(ARGV)

local held = redis.call('GET', lock) == token
-- While the work continues, no other run may begin, so the lock is left to expire.
if held and work ~= 'going' then redis.call('DEL', lock) end

local ran, failures, skips, calls, notes = readCounts(counts, name)
-- A foreign value does not fail settle; claim reports it.
local noted = redis.pcall('HGET', recovers, name)
local list = type(noted) == 'string' and noted or ''
local mine = string.find(list, token, 1, true)
local recoverable = 0
if work == 'over' then
  if mine then list = string.gsub(list, ' ?' .. token .. ':%d+:%dd?', '') end
  recoverable = string.find(list, ':0', 1, true) and 1 or 0
  -- Only second runs are left. No instance recovers them, so those that died must be removed here.
  if list ~= '' and recoverable == 0 and redis.call('EXISTS', lock) == 0 then list = unsettled(list, notes) end
  if list == '' then
    if type(noted) == 'string' then redis.call('HDEL', recovers, name) end
  elseif list ~= noted then
    redis.call('HSET', recovers, name, list)
  end
  if mine then ring(bell, 'settled', caller, name) end
elseif mine and work == 'stopped' then
  -- The note stays, so that the run is recovered like one that died.
  ring(bell, 'dropped', caller, name)
end

local demand = readDemand(demands, name)
if demand.token == token then
  begun(demand)
  -- A repeated `demand` or `take` may still arrive: it must not take the lock again.
  demand.token = ''
  writeDemand(demands, name, demand)
end

-- From here on nothing may fail, neither on a foreign value nor because Redis is out of memory.
local counted = notes
local takenBack = false
if notes ~= '' then
  local _, _, kind, id = string.find(notes, token .. ':%d+:%a%d+:(%S)(%d*%-?%d*)')
  if kind then notes = withoutNote(notes, token) end
  -- The run was recorded as died but is alive: removes that record and its failure.
  if kind == '!' then
    takenBack = true
    if id ~= '' then redis.pcall('XDEL', history, id) end
    ran, failures = math.max(0, ran - 1), math.max(0, failures - 1)
    calls = inARow(calls, -1)
  end
end
-- A run that holds its lock has not settled before. A run that outlived its lock, or leaves the lock to expire, is recognised
-- by its call.
if run ~= '' and ((held and work ~= 'going') or not called(calls, caller, sequence)) then
  calls = remember(inARow(calls, tonumber(failed)), caller .. ':', caller .. ':' .. sequence)
  writeCounts(counts, name, ran + 1, failures + failed, skips, calls, notes)
  if kept ~= '0' and details == '' then
    redis.pcall('XADD', history, 'MAXLEN', '~', kept, '*', 'run', run)
  elseif kept ~= '0' then
    redis.pcall('XADD', history, 'MAXLEN', '~', kept, '*', 'run', run, 'details', details)
  end
elseif notes ~= counted then
  writeCounts(counts, name, ran, failures, skips, calls, notes)
end
-- While the lock is held, no other run can have begun since.
if run ~= '' and held then redis.pcall('HSET', runs, name, run) end
if run ~= '' and not held then noteLastRun(runs, name, startedAt, run, takenBack) end
local found = ''
if notes ~= '' then found = suspects(notes, redis.call('GET', lock)) end

local waiting = demandIn(demand, lock)
if leaving == '1' and waiting >= 0 then ring(bell, 'demand', caller, int(now), '0', int(waiting), listeners, name) end
return { nowUs, waiting, recoverable, found }
