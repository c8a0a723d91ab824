-- By phone or e-mail: indexes that are not partial, because no plan for any value ($2) can use one that is, and PostgreSQL
-- would plan the search of each enquiry anew.
DROP INDEX leads_by_phone;
DROP INDEX leads_by_email;
CREATE INDEX leads_by_phone ON leads (tenant, phone_e164);
CREATE INDEX leads_by_email ON leads (tenant, email);
