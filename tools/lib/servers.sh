# shellcheck shell=bash
# PostgreSQL, Redis and Kafka of this checkout, never the machine's own. A profile (`dev`, `test`) is a folder under .local
# with the data, the logs, the pid files and the ports. The data of `test` begin empty at each start.

PG_BIN=/usr/lib/postgresql/15/bin
PG_USER=crm-dev

## servers up|down|status [dev|test]  PostgreSQL, Redis and Kafka alone (default profile: test)
cmd_servers() {
  local action=${1:-status} profile=${2:-test}
  is_profile "$profile" || die "profile '$profile' is neither dev nor test"
  case $action in
    up) with_lock "$profile" servers_up "$profile" ;;
    down) with_lock "$profile" servers_down "$profile" ;;
    status) servers_status "$profile" ;;
    *) die "usage: tools/dev servers up|down|status [dev|test]" ;;
  esac
}

servers_up() {
  local profile=$1 dir=$LOCAL/$1
  need_disk 500
  mkdir -p "$dir"
  postgres_start "$profile"
  redis_start "$profile"
  kafka_start "$profile"
  wait_ready postgres "$dir" 60 "$PG_BIN/pg_isready" -q -U crm -d postgres -h 127.0.0.1 -p "$(port "$profile" postgres)"
  wait_ready redis "$dir" 20 redis_answers "$(port "$profile" redis)"
  wait_ready kafka "$dir" 90 kcat -b "127.0.0.1:$(port "$profile" kafka)" -L -m 2
}

servers_down() {
  local dir=$LOCAL/$1
  stop_process kafka "$dir" TERM 30
  stop_process redis "$dir"
  stop_process postgres "$dir" INT 30
}

servers_status() {
  local name
  for name in postgres redis kafka; do status_line "$1" "$name" "$name"; done
}

# postgres_prefix: prints what to put before a PostgreSQL command, a word a line. PostgreSQL refuses to run as root, so root
# lends it a user. Where that user cannot reach the checkout (root's home is closed to others) it may pass closed folders.
postgres_prefix() {
  is_root || return 0
  local drop=(setpriv --reuid "$PG_USER" --regid "$PG_USER" --clear-groups)
  "${drop[@]}" test -x "$LOCAL" || drop+=(--inh-caps +dac_override --ambient-caps +dac_override)
  printf '%s\n' "${drop[@]}"
}

postgres_create() {
  local dir=$1 prefix
  say "creating a PostgreSQL cluster in $dir/postgres"
  if is_root; then
    id "$PG_USER" >/dev/null 2>&1 || useradd --system --user-group --no-create-home --shell /usr/sbin/nologin "$PG_USER"
    install -d -m 700 -o "$PG_USER" -g "$PG_USER" "$dir/postgres.new"
  else
    install -d -m 700 "$dir/postgres.new"
  fi
  mapfile -t prefix < <(postgres_prefix)
  (cd / && "${prefix[@]}" "$PG_BIN/initdb" -D "$dir/postgres.new" -U crm --auth=trust --locale=C.UTF-8 --encoding=UTF8 --no-instructions) \
    >"$dir/initdb.log" 2>&1 || {
    show_log "$dir/initdb.log"
    rm -rf "$dir/postgres.new"
    die "PostgreSQL's initdb failed; its log is above"
  }
  mv "$dir/postgres.new" "$dir/postgres"
}

# postgres_settle DIR: after a postmaster was killed, waits for its children and removes a lock file that names a corpse: where
# nobody collects dead processes (a container without init) PostgreSQL would take it for a living server for ever.
postgres_settle() {
  local dir=$1 pid i
  [[ -f $dir/postmaster.pid ]] || return 0
  pid=$(head -n 1 "$dir/postmaster.pid")
  for ((i = 0; i < 100; i++)); do
    if ! runs_in "$dir" && ! [[ -d /proc/$pid ]]; then return 0; fi
    sleep 0.1
  done
  if ! runs_in "$dir" && grep -qs '^State:[[:space:]]*Z' "/proc/$pid/status"; then rm -f "$dir/postmaster.pid"; fi
}

# runs_in DIR: has any process this folder as its working directory?
runs_in() { find /proc/[0-9]*/cwd -maxdepth 0 -lname "$1" 2>/dev/null | grep -q .; }

postgres_start() {
  local profile=$1 dir=$LOCAL/$1 prefix
  alive "$dir/postgres.pid" && return
  [[ $profile == test ]] && rm -rf "$dir/postgres"
  [[ -x $PG_BIN/postgres ]] || die "PostgreSQL 15 is not installed. Run: tools/dev deps"
  rm -rf "$dir/postgres.new"
  [[ -d $dir/postgres ]] || postgres_create "$dir"
  postgres_settle "$dir/postgres"
  need_free_port "$profile" postgres
  mapfile -t prefix < <(postgres_prefix)
  spawn postgres "$dir" "${prefix[@]}" "$PG_BIN/postgres" -D "$dir/postgres" \
    -c listen_addresses=127.0.0.1 -c port="$(port "$profile" postgres)" -c unix_socket_directories= \
    -c max_connections=200 -c max_locks_per_transaction=1024 -c shared_buffers=256MB -c jit=off \
    -c timezone=UTC -c log_timezone=UTC
}

redis_answers() { [[ $(redis-cli -h 127.0.0.1 -p "$1" ping) == PONG ]]; }

redis_start() {
  local profile=$1 dir=$LOCAL/$1
  alive "$dir/redis.pid" && return
  command -v redis-server >/dev/null || die "Redis is not installed. Run: tools/dev deps"
  need_free_port "$profile" redis
  spawn redis "$dir" redis-server --bind 127.0.0.1 --port "$(port "$profile" redis)" --dir "$dir" --save '' --appendonly no
}

kafka_config() {
  local profile=$1 dir=$LOCAL/$1 retention=-1
  [[ $profile == test ]] && retention=24
  cat <<EOF
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$(port "$profile" kafka-controller)
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:$(port "$profile" kafka),CONTROLLER://127.0.0.1:$(port "$profile" kafka-controller)
advertised.listeners=PLAINTEXT://127.0.0.1:$(port "$profile" kafka)
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs=$dir/kafka
log.retention.hours=$retention
log.index.size.max.bytes=1048576
num.partitions=8
default.replication.factor=1
min.insync.replicas=1
offsets.topic.num.partitions=4
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
EOF
}

# kafka_java: sets `java` to the command that runs a class of Kafka.
kafka_java() {
  java=(java -Xmx384m -XX:+UseSerialGC -XX:TieredStopAtLevel=1
    "-Dlog4j.configuration=file:$ROOT/tools/lib/kafka/log4j.properties" -cp "$LOCAL/kafka/*")
}

kafka_start() {
  local profile=$1 dir=$LOCAL/$1 id java
  alive "$dir/kafka.pid" && return
  [[ -f $LOCAL/kafka/.stamp ]] || with_lock downloads deps_maven kafka
  kafka_java
  [[ $profile == test ]] && rm -rf "$dir/kafka"
  kafka_config "$profile" >"$dir/kafka.properties"
  if [[ ! -f $dir/kafka/meta.properties ]]; then
    say "formatting Kafka's storage in $dir/kafka"
    rm -rf "$dir/kafka"
    id=$("${java[@]}" kafka.tools.StorageTool random-uuid 2>/dev/null)
    "${java[@]}" kafka.tools.StorageTool format -t "$id" -c "$dir/kafka.properties" >"$dir/format.log" 2>&1 || {
      show_log "$dir/format.log"
      die "Kafka's storage could not be formatted; the log is above"
    }
  fi
  need_free_port "$profile" kafka
  need_free_port "$profile" kafka-controller
  spawn kafka "$dir" "${java[@]}" kafka.Kafka "$dir/kafka.properties"
}
