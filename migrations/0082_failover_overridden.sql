-- Safety rules that somebody overrode by their names, at the start of a run or since: they hold up
-- no later step of it. Of runs that stand already those of their start, as their first entry tells.
ALTER TABLE failover_run ADD COLUMN overridden jsonb NOT NULL DEFAULT '[]';
UPDATE failover_run AS run SET overridden = first.why->'overridden'
FROM (SELECT DISTINCT ON (event.run) event.run, event.why
      FROM failover_event AS event ORDER BY event.run, event.id) AS first
WHERE first.run = run.id AND jsonb_typeof(first.why->'overridden') = 'array';
