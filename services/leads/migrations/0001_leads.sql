CREATE TABLE leads (LIKE record INCLUDING ALL,
  search_text text NOT NULL,
  display_name text COLLATE "C", email text COLLATE "C", company_name text COLLATE "C", source text COLLATE "C",
  campaign text COLLATE "C", state bigint, owner text COLLATE "C", department text COLLATE "C",
  submission_id text COLLATE "C", call_back_time timestamptz, converted_contact text COLLATE "C",
  contact_due_time timestamptz, first_contact_time timestamptz, phone_e164 text COLLATE "C",
  arrival_date text COLLATE "C", create_time timestamptz, update_time timestamptz);
CREATE INDEX leads_by_owner ON leads (tenant, owner, state, id) WHERE NOT deleted;
CREATE INDEX leads_by_state ON leads (tenant, state, id) WHERE NOT deleted;
CREATE INDEX leads_by_phone ON leads (tenant, phone_e164) WHERE NOT deleted AND phone_e164 <> '';
CREATE INDEX leads_by_email ON leads (tenant, email) WHERE NOT deleted AND email <> '';
CREATE INDEX leads_by_call_back ON leads (tenant, call_back_time, id) WHERE NOT deleted AND call_back_time IS NOT NULL;
CREATE INDEX leads_by_arrival ON leads (tenant, arrival_date, source) WHERE NOT deleted;
CREATE INDEX leads_by_text ON leads USING gin (search_text gin_trgm_ops);

CREATE TABLE sources (LIKE record INCLUDING ALL,
  search_text text NOT NULL,
  display_name text COLLATE "C", channel text COLLATE "C", create_time timestamptz, update_time timestamptz);

CREATE TABLE forms (LIKE record INCLUDING ALL,
  search_text text NOT NULL,
  display_name text COLLATE "C", source text COLLATE "C", disabled boolean, create_time timestamptz, update_time timestamptz);

CREATE TABLE assignment_rules (LIKE record INCLUDING ALL,
  display_name text COLLATE "C", position bigint, disabled boolean, create_time timestamptz, update_time timestamptz);

CREATE TABLE lead_settings (LIKE record INCLUDING ALL, create_time timestamptz, update_time timestamptz);
CREATE TABLE rule_turns (LIKE record INCLUDING ALL);
CREATE TABLE form_windows (LIKE record INCLUDING ALL);

SELECT crm_protect(name::regclass) FROM unnest(ARRAY['leads', 'sources', 'forms', 'assignment_rules', 'lead_settings',
  'rule_turns', 'form_windows']) AS name;
