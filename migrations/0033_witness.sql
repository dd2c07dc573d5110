-- The audit log is not the one that the agent of this data centre witnessed; null: it is.
ALTER TABLE observed_datacenter ADD COLUMN conflict jsonb;
