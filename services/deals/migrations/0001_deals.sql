-- Pipelines and deals. Columns beside the body are an index of it; see libs/command/migrations/0000_kernel.sql.
CREATE TABLE pipelines (LIKE record INCLUDING ALL,
  display_name text COLLATE "C",
  is_default boolean,
  external_id text COLLATE "C",
  create_time timestamptz,
  update_time timestamptz);

CREATE TABLE deals (LIKE record INCLUDING ALL,
  display_name text COLLATE "C",
  contact text COLLATE "C",
  company text COLLATE "C",
  pipeline text COLLATE "C",
  stage text COLLATE "C",
  state bigint,
  amount_minor bigint,
  currency_code text COLLATE "C",
  product text COLLATE "C",
  source text COLLATE "C",
  owner text COLLATE "C",
  department text COLLATE "C",
  lead text COLLATE "C",
  lost_reason text COLLATE "C",
  close_time timestamptz,
  expected_close_time timestamptz,
  external_id text COLLATE "C",
  create_time timestamptz,
  update_time timestamptz,
  search_text text);
CREATE INDEX deals_by_owner ON deals (tenant, owner, state, id);
CREATE INDEX deals_by_stage ON deals (tenant, pipeline, stage, id);
CREATE INDEX deals_by_contact ON deals (tenant, contact, id);
CREATE INDEX deals_by_company ON deals (tenant, company, id);
CREATE INDEX deals_by_close_time ON deals (tenant, close_time, id);
CREATE INDEX deals_by_external_id ON deals (tenant, external_id);
CREATE INDEX deals_search ON deals USING gin (search_text public.gin_trgm_ops);

SELECT crm_protect(name::regclass) FROM unnest(ARRAY['pipelines', 'deals']) AS name;
