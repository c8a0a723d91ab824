-- The policy of row-level security without a call of crm_tenants(): PostgreSQL parsed and inlined that function each time it
-- planned a statement, which took an eighth of a list's time. The meaning is the same: unset or empty, no row is seen.
CREATE OR REPLACE FUNCTION crm_protect(target regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', target);
  EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', target);
  EXECUTE format('DROP POLICY IF EXISTS tenants ON %s', target);
  EXECUTE format('CREATE POLICY tenants ON %s USING (tenant = ANY ('
    '(SELECT string_to_array(current_setting(''crm.tenants'', true), '','')::uuid[])::uuid[]))', target);
END $$;

SELECT crm_protect(polrelid::regclass) FROM pg_policy JOIN pg_class ON pg_class.oid = polrelid
WHERE polname = 'tenants' AND relnamespace = current_schema()::regnamespace;
