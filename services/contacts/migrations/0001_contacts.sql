-- Contacts, companies and timelines. Columns beside the body are an index of it; see libs/command/migrations/0000_kernel.sql.
CREATE TABLE contacts (LIKE record INCLUDING ALL,
  display_name text COLLATE "C",
  status text COLLATE "C",
  is_customer boolean,
  customer_since_time timestamptz,
  owner text COLLATE "C",
  department text COLLATE "C",
  lead text COLLATE "C",
  external_id text COLLATE "C",
  create_time timestamptz,
  update_time timestamptz,
  search_text text);
CREATE INDEX contacts_by_display_name ON contacts (tenant, display_name, id);
CREATE INDEX contacts_by_owner ON contacts (tenant, owner, id);
CREATE INDEX contacts_by_lead ON contacts (tenant, lead);
CREATE INDEX contacts_by_external_id ON contacts (tenant, external_id);
CREATE INDEX contacts_search ON contacts USING gin (search_text public.gin_trgm_ops);

CREATE TABLE companies (LIKE record INCLUDING ALL,
  display_name text COLLATE "C",
  registration_number text COLLATE "C",
  employee_count bigint,
  industry text COLLATE "C",
  parent text COLLATE "C",
  founded_year bigint,
  is_customer boolean,
  customer_since_time timestamptz,
  owner text COLLATE "C",
  department text COLLATE "C",
  lead text COLLATE "C",
  external_id text COLLATE "C",
  create_time timestamptz,
  update_time timestamptz,
  search_text text);
CREATE INDEX companies_by_display_name ON companies (tenant, display_name, id);
CREATE INDEX companies_by_owner ON companies (tenant, owner, id);
CREATE INDEX companies_by_parent ON companies (tenant, parent, id);
CREATE INDEX companies_by_external_id ON companies (tenant, external_id);
CREATE INDEX companies_search ON companies USING gin (search_text public.gin_trgm_ops);

CREATE TABLE timeline_items (LIKE record INCLUDING ALL,
  subject text COLLATE "C",
  event_type text COLLATE "C",
  record text COLLATE "C",
  occurred_time timestamptz);
CREATE INDEX timeline_items_by_subject ON timeline_items (tenant, subject, occurred_time DESC, id);

SELECT crm_protect(name::regclass) FROM unnest(ARRAY['contacts', 'companies', 'timeline_items']) AS name;
