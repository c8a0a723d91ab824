# shellcheck shell=bash
# What every part of tools/dev uses: where things are, how to talk to the user, locks.

# Everything that is downloaded or written at run time is here; it may be a link to a folder that checkouts share.
mkdir -p "$ROOT/.local"
LOCAL=$(cd "$ROOT/.local" && pwd -P)
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
