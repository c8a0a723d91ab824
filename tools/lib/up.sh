# shellcheck shell=bash
# The whole system of this checkout: up, down, status.

## up [--fresh]  install, build, start everything, load the demo company; --fresh forgets the old data
cmd_up() {
  local fresh=
  case ${1:-} in
    '') ;;
    --fresh) fresh=1 ;;
    *) die "usage: tools/dev up [--fresh]" ;;
  esac
  deps_base
  build crm-all crmctl
  with_lock dev up "$fresh"
  up_summary
}

up() {
  if [[ -n $1 ]]; then
    app_stop
    servers_down dev
    forget dev
  fi
  servers_up dev
  app_start
  demo_load
}

# forget PROFILE: its data, but not its ports.
forget() {
  local dir=$LOCAL/$1
  rm -rf "$dir/postgres" "$dir/kafka" "$dir"/*.yaml "$dir"/*.log "$dir"/*.log.old "$dir/secrets" "$dir/version" "$dir/tenant" "$dir/demo"
}

## down  stop all that tools/dev started here, and nothing else; the data stay
cmd_down() {
  with_lock dev down_dev
  with_lock test servers_down test
}

down_dev() {
  app_stop
  servers_down dev
}

## status  what runs, and where
cmd_status() {
  status_line dev crm-all http
  servers_status dev
  servers_status test
}

# status_line PROFILE NAME PORT
status_line() {
  local file=$LOCAL/$1/$2.pid state=down
  if alive "$file"; then
    state="up    127.0.0.1:$(port "$1" "$3")  pid $(cut -d' ' -f1 "$file")"
  elif [[ -f $file ]]; then
    state="died  see tools/dev logs $1 $2"
  fi
  printf '%-5s %-9s %s\n' "$1" "$2" "$state"
}
