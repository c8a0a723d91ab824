-- For the committer, whose role owns no table: a table that has grown to so many rows since PostgreSQL last looked at it is
-- analysed, and plans made for a smaller one go (see table_growth.h). Where somebody else has the table locked, they will do.
CREATE FUNCTION crm_note_growth(entity text, rows bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  IF (SELECT reltuples FROM pg_class WHERE oid = entity::regclass) < rows THEN
    EXECUTE format('ANALYZE (SKIP_LOCKED) %I', entity);
  END IF;
END $$;
