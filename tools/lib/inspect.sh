# shellcheck shell=bash
# Looking into a running system, and what to do when it does not run.

## psql [dev|test] [ARGUMENT...]  psql on this checkout's PostgreSQL
cmd_psql() {
  local profile=dev database=crm
  if is_profile "${1:-}"; then
    profile=$1
    shift
  fi
  [[ $profile == dev ]] || database=postgres
  alive "$LOCAL/$profile/postgres.pid" || die "PostgreSQL of profile '$profile' is down. Run: tools/dev up"
  exec "$PG_BIN/psql" "$(postgres_dsn "$profile" "$database")" "$@"
}

## logs [-f] [dev|test] [NAME]  the end of a log: crm-all (default), postgres, redis, kafka; -f follows it
cmd_logs() {
  local follow=() profile=dev
  if [[ ${1:-} == -f ]]; then
    follow=(-F)
    shift
  fi
  if is_profile "${1:-}"; then
    profile=$1
    shift
  fi
  local file=$LOCAL/$profile/${1:-crm-all}.log
  [[ -f $file ]] || die "there is no $file. Logs of this checkout: $(cd "$LOCAL" && echo */*.log)"
  exec tail -n 50 "${follow[@]}" "$file"
}

is_profile() { [[ $1 == dev || $1 == test ]]; }

## run TARGET [ARGUMENT...]  build a program and run it with the addresses of tools/dev env
cmd_run() {
  [[ $# -gt 0 ]] || die "usage: tools/dev run TARGET [ARGUMENT...]; for example: tools/dev run crmctl --help"
  local target=$1
  shift
  deps_base
  build "$target"
  if [[ -s $LOCAL/dev/ports ]]; then eval "$(env_dev)"; fi
  if [[ -s $LOCAL/test/ports ]]; then eval "$(env_test)"; fi
  exec "$BUILD/bin/$target" "$@"
}

## doctor  check this machine and this checkout, and say what to do about what is wrong
cmd_doctor() {
  local problems=0
  doctor_system
  doctor_packages
  doctor_disk
  doctor_processes dev crm-all postgres redis kafka
  doctor_processes test postgres redis kafka
  if ((problems)); then
    echo "$problems found"
    return 1
  fi
  echo "nothing is wrong"
}

ok() { printf 'ok       %s\n' "$*"; }
problem() {
  printf 'PROBLEM  %s\n' "$*"
  problems=$((problems + 1))
}

doctor_system() {
  if grep -qs '^VERSION_CODENAME=bookworm' /etc/os-release; then
    ok "Debian 12"
  else
    problem "this is not Debian 12: package names and versions may differ"
  fi
  local memory
  memory=$(awk '$1 == "MemAvailable:" { print int($2 / 1024) }' /proc/meminfo)
  if ((memory >= 2000)); then
    ok "$memory MB of memory free"
  else
    problem "only $memory MB of memory are free; 2000 are needed: end other programs"
  fi
}

doctor_packages() {
  local list missing
  for list in build lint; do
    mapfile -t missing < <(packages_missing "$list")
    if ((${#missing[@]})); then
      problem "missing packages (${missing[*]}): run tools/dev deps"
    else
      ok "packages to $list"
    fi
  done
}

doctor_disk() {
  local free
  free=$(df -Pm "$LOCAL" | awk 'NR == 2 { print $4 }')
  if ((free >= 3000)); then ok "$free MB of disk free"; else problem "only $free MB of disk are free; 3000 are needed"; fi
}

# doctor_processes PROFILE NAME...: a pid file without its process means that it died; a busy port, that another sits there.
doctor_processes() {
  local profile=$1 name number
  shift
  [[ -s $LOCAL/$profile/ports ]] || return 0
  for name in "$@"; do
    if alive "$LOCAL/$profile/$name.pid"; then
      ok "$name ($profile) runs"
      continue
    fi
    [[ ! -f $LOCAL/$profile/$name.pid ]] || problem "$name ($profile) has died: tools/dev logs $profile $name; tools/dev up starts it again"
    number=$(sed -n "s/^$name=//p" "$LOCAL/$profile/ports")
    if [[ -n $number ]] && listening "$number"; then
      problem "port $number of $name ($profile) is taken by another process: end it, or remove $LOCAL/$profile/ports"
    fi
  done
}
