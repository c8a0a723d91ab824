-- Unique fields, and the newest first.
CREATE INDEX companies_by_registration_number ON companies (tenant, registration_number);
CREATE INDEX contacts_by_create_time ON contacts (tenant, create_time, id);
CREATE INDEX companies_by_create_time ON companies (tenant, create_time, id);
