-- Unique fields, and the newest first.
CREATE INDEX leads_by_submission_id ON leads (tenant, submission_id);
CREATE INDEX leads_by_create_time ON leads (tenant, create_time, id);
CREATE INDEX sources_by_display_name ON sources (tenant, display_name);
