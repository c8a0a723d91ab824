-- A column for each field that is filterable or sortable, and search_text for the searchable ones.
CREATE TABLE rules (LIKE record INCLUDING ALL,
  display_name text COLLATE "C",
  active boolean,
  run_on_imports boolean,
  create_time timestamptz,
  update_time timestamptz,
  search_text text);
CREATE INDEX rules_by_display_name ON rules (tenant, display_name, id);

CREATE TABLE planned_actions (LIKE record INCLUDING ALL,
  rule text COLLATE "C",
  rule_version bigint,
  trigger_event text COLLATE "C",
  subject text COLLATE "C",
  create_time timestamptz);
CREATE INDEX planned_actions_by_rule ON planned_actions (tenant, rule, id);
CREATE INDEX planned_actions_by_subject ON planned_actions (tenant, subject, id);

CREATE TABLE rule_runs (LIKE record INCLUDING ALL,
  rule text COLLATE "C",
  rule_version bigint,
  correlation text COLLATE "C",
  subject text COLLATE "C",
  trigger_event text COLLATE "C",
  outcome bigint,
  run_time timestamptz);
CREATE INDEX rule_runs_by_rule ON rule_runs (tenant, rule, correlation);
CREATE INDEX rule_runs_by_subject ON rule_runs (tenant, subject, id);

SELECT crm_protect(name::regclass) FROM unnest(ARRAY['rules', 'planned_actions', 'rule_runs']) AS name;
