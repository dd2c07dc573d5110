-- Rollouts and failovers that belong to a planned event. They may outlive it.
ALTER TABLE rollout ADD COLUMN event bigint REFERENCES planned_event ON DELETE SET NULL;
CREATE INDEX rollout_event_of ON rollout (event) WHERE event IS NOT NULL;
ALTER TABLE failover_run ADD COLUMN event bigint REFERENCES planned_event ON DELETE SET NULL;
CREATE INDEX failover_run_event_of ON failover_run (event) WHERE event IS NOT NULL;
