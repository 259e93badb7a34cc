-- What time is it on Redis' clock? On a key, so that on a Cluster the node that keeps the plans answers.
-- KEYS  due
-- returns { nowUs }
return { nowUs }
