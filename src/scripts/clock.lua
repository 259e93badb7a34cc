-- Returns Redis' time. Takes a key, so that in a Cluster the node that stores the plans answers.
-- KEYS  due
-- returns { nowUs }
return { nowUs }
