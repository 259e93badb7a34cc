-- Carries out several calls, each as its own script would. generate.js puts those in front of it, as functions by verb.
-- KEYS  of all calls, one after the other
-- ARGV  for each call: verb, how many KEYS, how many ARGV, and these
-- returns { nowUs, ... } and for each call its answer, or the text of the error that refused it
local answers = { nowUs }
local key, arg = 1, 1
while arg <= #ARGV do
  local verb, keyCount, argCount = ARGV[arg], tonumber(ARGV[arg + 1]), tonumber(ARGV[arg + 2])
  local keys = { unpack(KEYS, key, key + keyCount - 1) }
  local args = { unpack(ARGV, arg + 3, arg + 2 + argCount) }
  local done, answer = pcall(verbs[verb], keys, args)
  if not done and type(answer) == 'table' then answer = answer.err end
  answers[#answers + 1] = done and answer or tostring(answer)
  key = key + keyCount
  arg = arg + 3 + argCount
end
return answers
