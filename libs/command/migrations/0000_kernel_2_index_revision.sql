-- For migrations that add a filterable or sortable field to a table with records: raises the table's revision, as the entity option
-- index_revision says. Rows of an older one are few and soon none; this index finds them, and whether there are any.
CREATE FUNCTION crm_raise_revision(target regclass, revision integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('DROP INDEX IF EXISTS %I', target::text || '_outdated');
  EXECUTE format('CREATE INDEX %I ON %s (tenant) WHERE index_revision < %s', target::text || '_outdated', target, revision);
END $$;
