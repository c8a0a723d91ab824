# shellcheck shell=bash
# The demo company, and what a newcomer reads at the end of `up`.

# demo_load: the first tenant and its company; each part once for each set of data. `tenant` keeps what bootstrap printed:
# CRM_TENANT, CRM_ADMIN_EMAIL, CRM_ADMIN_PASSWORD, CRM_KEY, CRM_FORM_KEY.
demo_load() {
  if [[ ! -s $APP/tenant ]]; then
    say "making the first tenant"
    (umask 077 && "$BUILD/bin/crm-all" bootstrap --config "$APP/crm.yaml" >"$APP/tenant.new" 2>"$APP/bootstrap.log") || {
      show_log "$APP/bootstrap.log"
      die "the first tenant could not be made; the log is above. To start from nothing: tools/dev up --fresh"
    }
    mv "$APP/tenant.new" "$APP/tenant"
  fi
  if [[ ! -f $APP/demo ]]; then
    CRM_GRPC=127.0.0.1:$(port dev grpc) CRM_KEY=$(tenant_value CRM_KEY) \
      long_step "loading the demo company" "$BUILD/bin/crmctl" demo
    touch "$APP/demo"
  fi
}

# tenant_value NAME: from what bootstrap printed.
tenant_value() { sed -n "s/^$1=//p" "$APP/tenant" 2>/dev/null; }

up_summary() {
  local key url
  key=$(tenant_value CRM_KEY)
  url=$(app_url)
  cat <<EOF

The CRM runs with a demo company.

  REST          $url
  gRPC          127.0.0.1:$(port dev grpc)
  health        $(app_admin_url)/readyz    metrics: $(app_admin_url)/metrics
  PostgreSQL    $(postgres_dsn dev crm)
  Kafka         127.0.0.1:$(port dev kafka)
  Redis         127.0.0.1:$(port dev redis)
  API key       $key
  log in as     $(tenant_value CRM_ADMIN_EMAIL) of $(tenant_value CRM_TENANT), password $(tenant_value CRM_ADMIN_PASSWORD)

Try:

  curl -s -H 'X-API-Key: $key' '$url/v1/leads?page_size=3'
  tools/dev run crmctl leads list
  tools/dev run crmctl events tail --source leads --from-beginning

eval "\$(tools/dev env)" sets CRM_URL, CRM_GRPC and CRM_KEY for scripts; tools/dev help lists the rest.
EOF
}
