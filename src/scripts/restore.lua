-- Writes back what Redis has lost of a job, as far as the instance knows it, and looks for a waiting demand.
-- KEYS  plans, due, trigger, demands, lock, paused
-- ARGV  name, stamp (0: the instance knows of no plan), slot (FIRED or above: fired), plan,
--       knownPause (the entry of PREFIX:paused that the instance knows; '': none), caller, bell
-- returns { nowUs, verdict, stamp, slot, plan, demandIn, pause }   the state as it is stored now
--   verdict  none: nothing is stored | kept | restored: the instance's data was newer
-- rings  armed CALLER STAMP NAME, if a plan was restored, so that an instance that knows a later slot restores that one;
--        paused CALLER STAMP NAME, if a pause was restored
local plans, due, trigger, demands, lock, paused = unpack(KEYS)
local name, stamp, slot, plan, knownPause, caller, bell = unpack(ARGV)
stamp, slot = tonumber(stamp), tonumber(slot)

local entry = readPlan(plans, due, name)
local verdict = entry and 'kept' or 'none'
local stored = entry and entry.stamp or 0
local samePlan = entry and not entry.fired and slot < FIRED and entry.plan == plan
local born, bornSlot, oldStamp, oldSlot = string.match(entry and entry.before or '', '^born (%d+) (%d+) (%d+) (%d+)')

local function bringBack()
  verdict = 'restored'
  writePlan(plans, due, name, entry)
  ring(bell, 'armed', caller, int(entry.stamp), name)
end

if samePlan and born and stamp > 0 and stamp < tonumber(born) then
  -- The plan was hired into an emptied Redis: a slot that was due before stays due. The newest known state wins.
  oldStamp, oldSlot = tonumber(oldStamp), tonumber(oldSlot)
  if stamp > oldStamp or (stamp == oldStamp and slot > oldSlot) then
    entry.slot = math.min(tonumber(bornSlot), slot)
    entry.before = table.concat({ 'born', born, bornSlot, int(stamp), int(slot), int(now) }, ' ')
    -- Under a new stamp, because the instance that hired it would otherwise restore its own, later slot.
    entry.stamp = math.max(now, stored + 1)
    bringBack()
  end
elseif stamp > stored or (entry and stamp == stored and slot > entry.score) then
  -- Between equal stamps the later slot wins, because slots only move forward, and a fire counts as the latest. The same
  -- applies to two stamps of one plan.
  if samePlan then slot = math.max(slot, entry.slot) end
  entry = {
    stamp = stamp, slot = slot, plan = plan, fired = slot >= FIRED, claims = entry and entry.claims or '',
    calls = entry and entry.calls or '', before = entry and unreplaced(entry.before) or 'restored ' .. int(now),
  }
  bringBack()
end

local pause, isPauseBack = bringBackPause(paused, name, knownPause, caller, bell)
local pauseText = pause and pause.text or ''

local waiting = demandIn(readDemand(demands, name), lock)
if not entry then
  -- An original may have set a trigger.
  if isPauseBack and inForce(pause) then redis.call('DEL', trigger) end
  return { nowUs, verdict, 0, 0, '', waiting, pauseText }
end
if entry.fired then
  if verdict == 'restored' then redis.call('DEL', trigger) end
elseif verdict == 'restored' or isPauseBack or redis.call('EXISTS', trigger) == 0 then
  setTrigger(trigger, entry.slot, pause)
end
return { nowUs, verdict, entry.stamp, entry.slot, entry.plan, waiting, pauseText }
