# shellcheck shell=bash
# crm-all of this checkout with its demo company.

APP=$LOCAL/dev

app_url() { echo "http://127.0.0.1:$(port dev http)"; }

app_admin_url() { echo "http://127.0.0.1:$(port dev admin)"; }

app_config() {
  cat <<EOF
# Written by tools/dev up; edits are lost. The manual of every key is proto/crm/config/v1/config.proto.
rpc:
  listen_address: 127.0.0.1:$(port dev grpc)
gateway:
  listen_address: 127.0.0.1:$(port dev http)
admin:
  listen_address: 127.0.0.1:$(port dev admin)
postgres:
  dsn: host=127.0.0.1 port=$(port dev postgres) dbname=crm
  owner_dsn: host=127.0.0.1 port=$(port dev postgres) dbname=crm user=crm
kafka:
  bootstrap_servers: [127.0.0.1:$(port dev kafka)]
redis:
  address: 127.0.0.1:$(port dev redis)
bootstrap:
  tenant: Windows of the North
  email: admin@demo.example
auth:
  token_signing_key_file: $APP/secrets/token.key
  token_public_key_files: [$APP/secrets/token.pub]
  api_key_pepper_file: $APP/secrets/pepper
EOF
}

# app_secrets: made once; they live as long as the data.
app_secrets() {
  [[ -f $APP/secrets/.made ]] && return
  install -d -m 700 "$APP/secrets"
  long_step "making keys for tokens and API keys" "$BUILD/bin/crm-all" keys --config "$APP/crm.yaml"
  touch "$APP/secrets/.made"
}

app_database() {
  local dsn
  dsn="host=127.0.0.1 port=$(port dev postgres) dbname=postgres user=crm"
  [[ $("$PG_BIN/psql" "$dsn" -Atc "SELECT 1 FROM pg_database WHERE datname = 'crm'") == 1 ]] ||
    "$PG_BIN/psql" "$dsn" -qc 'CREATE DATABASE crm'
}

app_answers() { curl -fsS -m 2 -o /dev/null "$(app_admin_url)/readyz"; }

# app_version: changes when the program or its configuration does.
app_version() { cat <(stat -c '%i %Y %s' "$BUILD/bin/crm-all") "$APP/crm.yaml" | cksum; }

# app_start: a crm-all that runs an older program or configuration is replaced; its data stay and are upgraded.
app_start() {
  app_config >"$APP/crm.yaml"
  app_secrets
  app_database
  local version
  version=$(app_version)
  if alive "$APP/crm-all.pid"; then
    [[ $version == "$(cat "$APP/version" 2>/dev/null)" ]] && return
    say "crm-all has changed: restarting it"
    app_stop
  elif [[ -f $APP/crm-all.pid ]]; then
    warn "crm-all had ended by itself; its last words are in $APP/crm-all.log.old"
  fi
  if [[ $version != "$(cat "$APP/version" 2>/dev/null)" ]]; then
    long_step "migrating the schemas" "$BUILD/bin/crm-all" migrate --config "$APP/crm.yaml"
  fi
  local name
  for name in http grpc admin; do need_free_port dev "$name"; done
  spawn crm-all "$APP" "$BUILD/bin/crm-all" --config "$APP/crm.yaml"
  wait_ready crm-all "$APP" 60 app_answers
  echo "$version" >"$APP/version"
}

app_stop() { stop_process crm-all "$APP" TERM 40; }
