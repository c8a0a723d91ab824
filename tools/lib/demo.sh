# shellcheck shell=bash
# The demo company, and what a newcomer reads at the end of `up`.

# demo_load: once for each set of data. crmctl prints the API key and nothing else; it may be run again after it was stopped.
demo_load() {
  [[ -s $APP/key ]] && return
  say "loading the demo company"
  if ! CRM_GRPC=127.0.0.1:$(port dev grpc) "$BUILD/bin/crmctl" demo --config "$APP/crm.yaml" >"$APP/key.new" 2>"$APP/demo.log"; then
    show_log "$APP/demo.log"
    show_log "$APP/crm-all.log"
    die "the demo company could not be loaded; the logs are above"
  fi
  chmod 600 "$APP/key.new"
  mv "$APP/key.new" "$APP/key"
}

up_summary() {
  local key url
  key=$(cat "$APP/key")
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

Try:

  curl -s -H 'X-API-Key: $key' '$url/v1/leads?page_size=3'
  tools/dev run crmctl leads list
  tools/dev run crmctl events tail --source leads

eval "\$(tools/dev env)" sets CRM_URL, CRM_GRPC and CRM_KEY for scripts; tools/dev help lists the rest.
EOF
}
