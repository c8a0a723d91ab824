CREATE TABLE meetings (LIKE record INCLUDING ALL,
  search_text text NOT NULL,
  display_name text COLLATE "C", subject text COLLATE "C", contact text COLLATE "C", owner text COLLATE "C",
  department text COLLATE "C", start_time timestamptz, end_time timestamptz, state bigint, create_time timestamptz,
  update_time timestamptz);
CREATE INDEX meetings_by_owner ON meetings (tenant, owner, state, start_time, id) WHERE NOT deleted;
CREATE INDEX meetings_by_subject ON meetings (tenant, subject, id) WHERE NOT deleted;
CREATE INDEX meetings_by_contact ON meetings (tenant, contact, id) WHERE NOT deleted;
CREATE INDEX meetings_by_start ON meetings (tenant, start_time, id) WHERE NOT deleted;
CREATE INDEX meetings_by_text ON meetings USING gin (search_text gin_trgm_ops);
SELECT crm_protect('meetings');
