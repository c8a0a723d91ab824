-- A column for each field that is filterable or sortable.
CREATE TABLE deal_facts (LIKE record INCLUDING ALL,
  generation bigint,
  deal text COLLATE "C",
  live boolean,
  recorded_time timestamptz,
  pipeline text COLLATE "C",
  stage text COLLATE "C",
  state bigint,
  owner text COLLATE "C",
  department text COLLATE "C",
  source text COLLATE "C",
  product text COLLATE "C",
  amount_minor bigint,
  currency_code text COLLATE "C",
  open_time timestamptz,
  close_time timestamptz,
  open_quarter text COLLATE "C",
  close_quarter text COLLATE "C");
CREATE INDEX deal_facts_by_deal ON deal_facts (tenant, generation, deal, id);
CREATE INDEX deal_facts_by_recording ON deal_facts (tenant, recorded_time DESC);

CREATE TABLE stage_entry_facts (LIKE record INCLUDING ALL,
  generation bigint,
  deal text COLLATE "C",
  stage text COLLATE "C",
  pipeline text COLLATE "C",
  owner text COLLATE "C",
  department text COLLATE "C",
  source text COLLATE "C",
  product text COLLATE "C",
  amount_minor bigint,
  currency_code text COLLATE "C",
  enter_time timestamptz,
  enter_quarter text COLLATE "C");
CREATE INDEX stage_entry_facts_by_deal ON stage_entry_facts (tenant, generation, deal, stage, id);
CREATE INDEX stage_entry_facts_by_pipeline ON stage_entry_facts (tenant, generation, pipeline);

CREATE TABLE lead_facts (LIKE record INCLUDING ALL,
  generation bigint,
  lead text COLLATE "C",
  live boolean,
  recorded_time timestamptz,
  source text COLLATE "C",
  campaign text COLLATE "C",
  owner text COLLATE "C",
  department text COLLATE "C",
  state bigint,
  day text COLLATE "C");
CREATE INDEX lead_facts_by_lead ON lead_facts (tenant, generation, lead, id);
CREATE INDEX lead_facts_by_recording ON lead_facts (tenant, recorded_time DESC);

CREATE TABLE generations (LIKE record INCLUDING ALL);
CREATE TABLE rebuilds (LIKE record INCLUDING ALL);

SELECT crm_protect(name::regclass) FROM unnest(ARRAY['deal_facts', 'stage_entry_facts', 'lead_facts',
  'generations', 'rebuilds']) AS name;
