-- Records of identity: one column for each field that can be filtered or sorted by.
CREATE TABLE tenants (LIKE record INCLUDING ALL,
  display_name text COLLATE "C", create_time timestamptz, update_time timestamptz);

CREATE TABLE users (LIKE record INCLUDING ALL,
  search_text text NOT NULL,
  display_name text COLLATE "C", email text COLLATE "C", department text COLLATE "C", manager text COLLATE "C",
  state bigint, external_id text COLLATE "C", create_time timestamptz, update_time timestamptz);
CREATE INDEX users_by_department ON users (tenant, department, state, id) WHERE NOT deleted;
CREATE INDEX users_by_display_name ON users (tenant, display_name, id) WHERE NOT deleted;
CREATE INDEX users_by_search_text ON users USING gin (search_text public.gin_trgm_ops);

CREATE TABLE departments (LIKE record INCLUDING ALL,
  search_text text NOT NULL,
  display_name text COLLATE "C", head text COLLATE "C", parent text COLLATE "C",
  create_time timestamptz, update_time timestamptz);
CREATE INDEX departments_by_head ON departments (tenant, head, id) WHERE NOT deleted;
CREATE INDEX departments_by_search_text ON departments USING gin (search_text public.gin_trgm_ops);

CREATE TABLE roles (LIKE record INCLUDING ALL,
  display_name text COLLATE "C", create_time timestamptz, update_time timestamptz);

CREATE TABLE api_keys (LIKE record INCLUDING ALL,
  display_name text COLLATE "C", prefix text COLLATE "C", state bigint, expire_time timestamptz,
  create_time timestamptz, update_time timestamptz);

CREATE TABLE absences (LIKE record INCLUDING ALL,
  "user" text COLLATE "C", start_time timestamptz, end_time timestamptz,
  create_time timestamptz, update_time timestamptz);
CREATE INDEX absences_by_user ON absences (tenant, "user", start_time, id) WHERE NOT deleted;
CREATE INDEX absences_by_start ON absences (tenant, start_time, id) WHERE NOT deleted;

-- Kept beside the records and in no event; see proto/crm/identity/v1/credentials.proto.
CREATE TABLE password_credentials (LIKE record INCLUDING ALL);
CREATE TABLE api_key_credentials (LIKE record INCLUDING ALL);
CREATE TABLE api_key_uses (LIKE record INCLUDING ALL);

SELECT crm_protect(name::regclass) FROM unnest(ARRAY['tenants', 'users', 'departments', 'roles', 'api_keys',
  'absences', 'password_credentials', 'api_key_credentials', 'api_key_uses']) AS name;
