CREATE TABLE tasks (LIKE record INCLUDING ALL,
  search_text text NOT NULL,
  display_name text COLLATE "C", subject text COLLATE "C", kind text COLLATE "C", owner text COLLATE "C",
  department text COLLATE "C", due_time timestamptz, state bigint, overdue boolean, done_time timestamptz,
  create_time timestamptz, update_time timestamptz);
CREATE INDEX tasks_by_owner ON tasks (tenant, owner, state, due_time, id) WHERE NOT deleted;
CREATE INDEX tasks_by_subject ON tasks (tenant, subject, id) WHERE NOT deleted;
CREATE INDEX tasks_by_due ON tasks (tenant, state, due_time, id) WHERE NOT deleted;
CREATE INDEX tasks_by_text ON tasks USING gin (search_text gin_trgm_ops);

CREATE TABLE notes (LIKE record INCLUDING ALL,
  search_text text NOT NULL,
  subject text COLLATE "C", kind bigint, reached boolean, author text COLLATE "C", create_time timestamptz,
  update_time timestamptz);
CREATE INDEX notes_by_subject ON notes (tenant, subject, id) WHERE NOT deleted;
CREATE INDEX notes_by_author ON notes (tenant, author, id) WHERE NOT deleted;
CREATE INDEX notes_by_text ON notes USING gin (search_text gin_trgm_ops);

CREATE TABLE reminders (LIKE record INCLUDING ALL,
  subject text COLLATE "C", owner text COLLATE "C", remind_time timestamptz, state bigint, create_time timestamptz,
  update_time timestamptz);
CREATE INDEX reminders_by_owner ON reminders (tenant, owner, state, remind_time, id) WHERE NOT deleted;
CREATE INDEX reminders_by_subject ON reminders (tenant, subject, id) WHERE NOT deleted;

SELECT crm_protect(name::regclass) FROM unnest(ARRAY['tasks', 'notes', 'reminders']) AS name;
