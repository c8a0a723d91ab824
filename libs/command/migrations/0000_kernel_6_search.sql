-- A search index keeps what is new in a list that each search goes through, and the commit that makes it too long puts all of it
-- in its place while others wait. So each service has that done beside its commits (PgStore::TidySearch), by roles that own no
-- index. Returns how many pages the lists had.
CREATE FUNCTION crm_tidy_search() RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path FROM CURRENT AS
$$ SELECT coalesce(sum(gin_clean_pending_list(i.indexrelid)), 0)::bigint
   FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am a ON a.oid = c.relam
   WHERE a.amname = 'gin' AND i.indisvalid AND c.relnamespace = current_schema()::regnamespace $$;
