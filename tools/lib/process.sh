# shellcheck shell=bash
# Background processes with pid files. A pid file holds "PID START": the kernel's start time of the process tells it from
# another one that got the same number later, so that nothing foreign is ever signalled.

# start_time PID: clock ticks since boot, or nothing.
start_time() {
  local stat
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 0
  stat=${stat##*) }
  awk '{ print $20 }' <<<"$stat"
}

# alive PIDFILE: is the very process that was started still there (and not a zombie)?
alive() {
  local pid start
  [[ -s $1 ]] && read -r pid start <"$1" || return 1
  [[ -n $start && $(start_time "$pid") == "$start" ]] || return 1
  ! grep -q '^State:[[:space:]]*Z' "/proc/$pid/status" 2>/dev/null
}

# spawn NAME DIR COMMAND...: starts it in / and in a session of its own; writes DIR/NAME.pid and DIR/NAME.log. Descriptors above 2
# are closed, so that the process holds neither a lock nor the caller's pipe.
spawn() {
  local name=$1 dir=$2 pid
  shift 2
  [[ -f $dir/$name.log ]] && mv -f "$dir/$name.log" "$dir/$name.log.old"
  (
    for fd in /proc/self/fd/*; do
      fd=${fd##*/}
      ((fd > 2)) && eval "exec $fd>&-"
    done
    cd /
    exec setsid "$@"
  ) </dev/null >"$dir/$name.log" 2>&1 &
  pid=$!
  printf '%s %s\n' "$pid" "$(start_time "$pid")" >"$dir/$name.pid"
  disown "$pid"
}

# stop_process NAME DIR [SIGNAL] [SECONDS]: signals it, waits, and kills it after that.
stop_process() {
  local name=$1 dir=$2 signal=${3:-TERM} seconds=${4:-20} pid i
  local file=$dir/$name.pid
  if alive "$file"; then
    read -r pid _ <"$file"
    send_signal "$signal" "$pid"
    for ((i = 0; i < seconds * 10; i++)); do
      alive "$file" || break
      sleep 0.1
    done
    if alive "$file"; then
      warn "$name did not stop within $seconds s and is killed"
      send_signal KILL "$pid"
    fi
  fi
  rm -f "$file"
}

send_signal() { kill "-$1" "$2" 2>/dev/null || as_root kill "-$1" "$2" 2>/dev/null || true; }

# wait_ready NAME DIR SECONDS PROBE...: until the probe succeeds; stops with the log if the process dies or takes too long.
wait_ready() {
  local name=$1 dir=$2 seconds=$3 end
  shift 3
  end=$((SECONDS + seconds))
  until "$@" >/dev/null 2>&1; do
    if ! alive "$dir/$name.pid"; then
      show_log "$dir/$name.log"
      die "$name ended while it was starting; its log is above"
    fi
    if ((SECONDS >= end)); then
      show_log "$dir/$name.log"
      die "$name did not answer within $seconds s; its log is above"
    fi
    sleep 0.1
  done
}

# listening PORT: does any process listen on it?
listening() {
  local hex
  hex=$(printf ':%04X' "$1")
  awk -v port="$hex" '$4 == "0A" && substr($2, length($2) - 4) == port { found = 1 } END { exit !found }' \
    /proc/net/tcp /proc/net/tcp6 2>/dev/null
}

# free_port: one that nobody uses, below the range from which the kernel takes ports for clients.
free_port() {
  local port
  for _ in {1..200}; do
    port=$((20000 + RANDOM % 12000))
    listening "$port" || grep -qsw "$port" "$LOCAL"/*/ports || { echo "$port"; return; }
  done
  die "no free port found between 20000 and 32000"
}

# port PROFILE NAME: the stored port of a server; chosen at first use and the same ever after.
port() {
  local file=$LOCAL/$1/ports value
  mkdir -p "$LOCAL/$1"
  value=$(sed -n "s/^$2=//p" "$file" 2>/dev/null)
  if [[ -z $value ]]; then
    value=$(free_port)
    echo "$2=$value" >>"$file"
  fi
  echo "$value"
}

# need_free_port PROFILE NAME: before a start, says who is in the way.
need_free_port() {
  local number
  number=$(port "$1" "$2")
  listening "$number" || return 0
  die "port $number, which $2 of profile '$1' uses, is taken by another process. End that process, or let new ports be" \
    "chosen: tools/dev servers down $1; rm $LOCAL/$1/ports"
}
