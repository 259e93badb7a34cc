-- Carries out several calls, each as its own script would. generate.js prepends those scripts, as functions by verb.
-- KEYS  (those of all calls, each once)
-- ARGV  calls (JSON: a list of { verb, indexes of its KEYS, ARGV }. One text is cheaper than hundreds of arguments)
-- returns { nowUs, ... } and for each call its answer, or the text of its error
-- rings  many [MESSAGE, ...] (JSON) with the messages of all calls, in their order; a single message as it is
local answers, messages = { nowUs }, {}
-- A placeholder in an answer for the number of instances that heard the bell, until it has been rung.
local HEARD = {}
local channel
ring = function(bell, ...)
  channel = bell
  messages[#messages + 1] = table.concat({ ... }, ' ')
  return HEARD
end

-- When Redis is out of memory, it refuses only a script's first write. The end of a run begins with a DEL, which is allowed,
-- so a claim that follows in the same command is carried out completely.
for _, call in ipairs(cjson.decode(ARGV[1])) do
  local verb, keys, args = unpack(call)
  for at, place in ipairs(keys) do keys[at] = KEYS[place] end
  local done, answer = pcall(verbs[verb], keys, args)
  if not done and type(answer) == 'table' then answer = answer.err end
  answers[#answers + 1] = done and answer or tostring(answer)
end

if #messages > 0 then
  local heard = publish(channel, #messages == 1 and messages[1] or 'many ' .. cjson.encode(messages))
  for _, answer in ipairs(answers) do
    for at = 1, type(answer) == 'table' and #answer or 0 do
      if answer[at] == HEARD then answer[at] = heard end
    end
  end
end
return answers
