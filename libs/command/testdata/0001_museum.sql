-- Tables of the records that the stores prove themselves on (crm/testing/v1/exhibit.proto).
CREATE TABLE exhibits (LIKE record INCLUDING ALL,
  search_text text NOT NULL,
  display_name text COLLATE "C", code text COLLATE "C", state bigint, kind bigint, fragile boolean, year bigint,
  insured_minor bigint, weight_grams bigint, nickname text COLLATE "C", owner text COLLATE "C",
  department text COLLATE "C", room text COLLATE "C", email text COLLATE "C", hotline text COLLATE "C",
  loan_end_time timestamptz, create_time timestamptz, update_time timestamptz);
CREATE INDEX exhibits_by_code ON exhibits (tenant, code);
CREATE INDEX exhibits_by_text ON exhibits USING gin (search_text gin_trgm_ops);

CREATE TABLE rooms (LIKE record INCLUDING ALL);
ALTER TABLE rooms ADD COLUMN floor bigint;
SELECT crm_raise_revision('rooms', 1);

SELECT crm_protect(name::regclass) FROM unnest(ARRAY['exhibits', 'rooms']) AS name;
