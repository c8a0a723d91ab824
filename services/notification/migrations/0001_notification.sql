CREATE TABLE notifications (LIKE record INCLUDING ALL,
  "user" text COLLATE "C", kind text COLLATE "C", subject text COLLATE "C", state bigint, create_time timestamptz,
  update_time timestamptz);
CREATE INDEX notifications_by_user ON notifications (tenant, "user", state, id);

SELECT crm_protect('notifications');
