-- What the kernel keeps in every service's schema. Applied before the service's own migrations.
-- The owner of the schema must bypass row-level security (superuser or BYPASSRLS): crm_search runs as the owner.

-- Tenants of the current transaction, from the setting that the pool and the committer make. Unset: none, so no row is seen.
CREATE FUNCTION crm_tenants() RETURNS uuid[] LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT string_to_array(coalesce(current_setting('crm.tenants', true), ''), ',')::uuid[] $$;

-- Row-level security on a table with a column `tenant`.
CREATE FUNCTION crm_protect(target regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', target);
  EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', target);
  EXECUTE format('CREATE POLICY tenants ON %s USING (tenant = ANY ((SELECT crm_tenants())::uuid[]))', target);
END $$;

-- The columns that every table of records begins with: CREATE TABLE leads (LIKE record INCLUDING ALL, ...).
CREATE TABLE record (
  tenant uuid NOT NULL,
  id uuid NOT NULL,
  version bigint NOT NULL,
  index_revision integer NOT NULL,
  deleted boolean NOT NULL,
  occurred_at timestamptz NOT NULL,
  body bytea NOT NULL,
  PRIMARY KEY (tenant, id)
);

-- Elements of repeated fields and custom fields that can be filtered by.
CREATE TABLE custom_index (
  tenant uuid NOT NULL,
  entity text COLLATE "C" NOT NULL,
  field text COLLATE "C" NOT NULL,
  value text COLLATE "C" NOT NULL,
  id uuid NOT NULL,
  PRIMARY KEY (tenant, entity, field, value, id)
);
CREATE INDEX custom_index_by_record ON custom_index (tenant, entity, id);

CREATE TABLE log (
  seq bigint PRIMARY KEY,
  tenant uuid NOT NULL,
  collection text COLLATE "C" NOT NULL,
  id uuid NOT NULL,
  version bigint NOT NULL,
  event_id uuid NOT NULL,
  type text COLLATE "C" NOT NULL,
  payload_type text COLLATE "C" NOT NULL,
  body bytea NOT NULL,
  actor text COLLATE "C" NOT NULL,
  correlation text COLLATE "C" NOT NULL,
  causation text COLLATE "C" NOT NULL,
  run text COLLATE "C" NOT NULL,
  traceparent text COLLATE "C" NOT NULL,
  origin text COLLATE "C" NOT NULL,
  occurred_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL,
  UNIQUE (tenant, collection, id, version)
);
CREATE INDEX log_by_tenant ON log (tenant, seq);
CREATE INDEX log_by_event ON log (event_id);
CREATE INDEX log_by_correlation ON log (tenant, correlation);
CREATE INDEX log_by_causation ON log (tenant, causation) WHERE causation <> '';
CREATE INDEX log_by_run ON log (tenant, run) WHERE run <> '';
CREATE INDEX log_by_actor ON log (tenant, actor, seq);

-- The last number given out, and a moment that no later row is recorded at or before.
CREATE TABLE log_head (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  seq bigint NOT NULL,
  recorded_at timestamptz NOT NULL
);
INSERT INTO log_head (seq, recorded_at) VALUES (0, 'epoch');

CREATE TABLE idempotency (LIKE record INCLUDING ALL, expire_time timestamptz);
CREATE INDEX idempotency_by_expiry ON idempotency (expire_time);
CREATE TABLE unique_claims (LIKE record INCLUDING ALL);
CREATE TABLE relay_cursor (LIKE record INCLUDING ALL);
CREATE TABLE inbox (LIKE record INCLUDING ALL,
  consumer text COLLATE "C", generation bigint, subject text COLLATE "C", parked boolean);
CREATE INDEX inbox_by_consumer ON inbox (consumer, generation, parked);
CREATE TABLE dead_letters (LIKE record INCLUDING ALL,
  consumer text COLLATE "C", generation bigint, subject text COLLATE "C", event_version bigint,
  event_type text COLLATE "C", code text COLLATE "C", reason text COLLATE "C", create_time timestamptz);
CREATE TABLE timers (LIKE record INCLUDING ALL,
  due_time timestamptz, kind text COLLATE "C", subject text COLLATE "C");
CREATE INDEX timers_by_due ON timers (due_time, id);
CREATE TABLE effects (LIKE record INCLUDING ALL,
  kind text COLLATE "C", state bigint, next_attempt_time timestamptz, subject text COLLATE "C",
  create_time timestamptz);
CREATE INDEX effects_by_attempt ON effects (state, next_attempt_time, id);

SELECT crm_protect(name::regclass) FROM unnest(ARRAY['record', 'custom_index', 'log', 'idempotency',
  'unique_claims', 'relay_cursor', 'inbox', 'dead_letters', 'timers', 'effects']) AS name;

-- Records of a table whose search_text contains the fragment. Runs as the owner, because under row-level security a LIKE, not
-- being leakproof, could not use the trigram index; the tenant still comes from the session.
CREATE FUNCTION crm_search(entity text, fragment text) RETURNS SETOF uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  RETURN QUERY EXECUTE format('SELECT id FROM %I WHERE tenant = ANY (crm_tenants()) AND search_text LIKE $1', entity)
    USING '%' || replace(replace(replace(fragment, '\', '\\'), '%', '\%'), '_', '\_') || '%';
END $$;
