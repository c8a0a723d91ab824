-- Unique fields.
CREATE INDEX users_by_email ON users (tenant, email);
CREATE INDEX users_by_external_id ON users (tenant, external_id);
CREATE INDEX departments_by_display_name ON departments (tenant, display_name);
CREATE INDEX roles_by_display_name ON roles (tenant, display_name);
