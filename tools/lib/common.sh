# shellcheck shell=bash
# What every part of tools/dev uses: where things are, how to talk to the user, locks.

# Everything that is downloaded or written at run time is here; it may be a link to a folder that checkouts share.
mkdir -p "$ROOT/.local"
LOCAL=$(cd "$ROOT/.local" && pwd -P)
[[ -w $LOCAL ]] || { echo "error: $LOCAL belongs to another user; run tools/dev as that user, or remove it" >&2; exit 1; }
NO_COLOR=${NO_COLOR-}
if [[ -t 2 && -z $NO_COLOR ]]; then BOLD=$'\e[1m' RED=$'\e[31m' PLAIN=$'\e[0m'; else BOLD='' RED='' PLAIN=''; fi

say() { printf '%s==>%s %s\n' "$BOLD" "$PLAIN" "$*" >&2; }
warn() { printf '%swarning:%s %s\n' "$RED" "$PLAIN" "$*" >&2; }
die() {
  printf '%serror:%s %s\n' "$RED" "$PLAIN" "$*" >&2
  exit 1
}

is_root() { [[ $(id -u) -eq 0 ]]; }

as_root() {
  if is_root; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    die "this needs root ('$*'): run it as root, or install sudo"
  fi
}

# show_log FILE: the end of a log, for an error that follows.
show_log() {
  [[ -s $1 ]] || return 0
  printf -- '--- last lines of %s\n' "$1" >&2
  tail -n 20 "$1" | sed 's/^/    /' >&2
}

# long_step TEXT COMMAND...: runs it with its output in a log and a sign of life every 15 s; on failure shows the log's end.
long_step() {
  local text=$1 log=$LOCAL/step.log pulse
  shift
  say "$text"
  pulse_of "$log" &
  pulse=$!
  if ! "$@" </dev/null >"$log" 2>&1; then
    kill "$pulse"
    show_log "$log"
    die "$text failed; the end of its log is above. Nothing is half done: mend the cause and run the command again"
  fi
  kill "$pulse"
}

# pulse_of LOG: waits with read, not with a sleep that would outlive us and hold the terminal.
pulse_of() {
  local pipe start=$SECONDS
  trap - EXIT
  exec {pipe}<> <(:)
  until read -r -t 15 -u "$pipe"; do
    kill -0 $$ 2>/dev/null || return
    printf '    %s s: %s\n' $((SECONDS - start)) "$(tail -c 300 "$1" | tail -n 1 | cut -c 1-90)" >&2
  done
}

# need_disk MEGABYTES: stops early instead of half-way with a message that hides the reason.
need_disk() {
  local free
  free=$(df -Pm "$LOCAL" | awk 'NR == 2 { print $4 }')
  ((free >= $1)) || die "the disk is nearly full: $free MB free at $LOCAL, $1 MB are needed"
}

# with_lock NAME COMMAND...: one at a time over all checkouts that share .local. The lock does not outlive the command,
# because background processes are started without its descriptor (see spawn).
with_lock() {
  local name=$1 fd
  shift
  exec {fd}>"$LOCAL/$name.lock"
  if ! flock -n "$fd"; then
    say "waiting for another tools/dev (lock $name)"
    flock "$fd"
  fi
  LOCK_FD=$fd "$@"
  exec {fd}>&-
}

# commit_before: what this commit is compared with: the last tagged commit; without one, where this branch left main; on main,
# the commit before. Fails where the clone has none of them.
commit_before() {
  local main start
  git describe --tags --abbrev=0 2>/dev/null && return
  for main in main origin/main; do
    start=$(git merge-base HEAD "$main" 2>/dev/null) || continue
    if [[ $start != "$(git rev-parse HEAD)" ]]; then
      echo "$start"
      return
    fi
  done
  git rev-parse --verify --quiet HEAD^
}
