-- Unique fields, and the orders in which a whole tenant's deals are looked at: the newest, the largest, the next to close.
CREATE INDEX pipelines_by_display_name ON pipelines (tenant, display_name);
CREATE INDEX pipelines_by_external_id ON pipelines (tenant, external_id);
CREATE INDEX deals_by_create_time ON deals (tenant, create_time, id);
CREATE INDEX deals_by_amount ON deals (tenant, amount_minor, id);
CREATE INDEX deals_by_expected_close_time ON deals (tenant, expected_close_time, id);
