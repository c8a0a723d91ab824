-- Products. Columns beside the body are an index of it; see libs/command/migrations/0000_kernel.sql.
CREATE TABLE products (LIKE record INCLUDING ALL,
  display_name text COLLATE "C",
  sku text COLLATE "C",
  series text COLLATE "C",
  active boolean,
  external_id text COLLATE "C",
  create_time timestamptz,
  update_time timestamptz,
  search_text text);
CREATE INDEX products_by_display_name ON products (tenant, display_name, id);
CREATE INDEX products_by_sku ON products (tenant, sku, id);
CREATE INDEX products_by_external_id ON products (tenant, external_id);
CREATE INDEX products_search ON products USING gin (search_text public.gin_trgm_ops);
SELECT crm_protect('products');
