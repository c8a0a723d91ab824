# shellcheck shell=bash
# crm-all of this checkout with its demo company.

APP=$LOCAL/dev

app_url() { echo "http://127.0.0.1:$(port dev http)"; }

app_config() {
  cat <<EOF
# Written by tools/dev up; edits are lost. The sample for servers of your own is deploy/crm.yaml.
EOF
}

app_answers() { curl -fsS -m 2 -o /dev/null "$(app_url)/healthz"; }

# app_version: changes when the program or its configuration does.
app_version() { cat <(stat -c '%i %Y %s' "$BUILD/bin/crm-all") "$APP/crm.yaml" | cksum; }

# app_start: a crm-all that runs an older program or configuration is replaced, its data stay.
app_start() {
  mkdir -p "$APP"
  app_config >"$APP/crm.yaml"
  if alive "$APP/crm-all.pid"; then
    [[ $(app_version) == "$(cat "$APP/version" 2>/dev/null)" ]] && return
    say "crm-all has changed: restarting it"
    app_stop
  elif [[ -f $APP/crm-all.pid ]]; then
    warn "crm-all had ended by itself; its last words are in $APP/crm-all.log.old"
  fi
  local name
  for name in http grpc metrics; do need_free_port dev "$name"; done
  app_version >"$APP/version"
  spawn crm-all "$APP" "$BUILD/bin/crm-all" --config "$APP/crm.yaml"
}

app_stop() { stop_process crm-all "$APP" TERM 40; }
