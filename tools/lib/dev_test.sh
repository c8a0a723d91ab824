#!/usr/bin/env bash
# Tests of tools/dev itself, in a checkout of its own under a temporary folder.
# shellcheck disable=SC2317 # the tests are called by name
set -euo pipefail

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
ROOT=$(mktemp -d)
trap 'rm -rf "$ROOT"' EXIT
for part in common process new_service lint; do
  # shellcheck source=/dev/null
  source "$HERE/$part.sh"
done

failures=0
expect_equal() {
  [[ $1 == "$2" ]] && return
  printf 'FAILED %s\n  expected: %s\n  got:      %s\n' "${FUNCNAME[1]}" "$2" "$1"
  failures=$((failures + 1))
}
is_alive() { if alive "$1"; then echo alive; else echo dead; fi; }
is_running() { if kill -0 "$1" 2>/dev/null; then echo running; else echo ended; fi; }

test_a_spawned_process_lives_until_it_is_stopped() {
  spawn sleeper "$ROOT" sleep 60
  expect_equal "$(is_alive "$ROOT/sleeper.pid")" alive
  local pid
  read -r pid _ <"$ROOT/sleeper.pid"
  stop_process sleeper "$ROOT"
  expect_equal "$(is_alive "$ROOT/sleeper.pid")" dead
  expect_equal "$(is_running "$pid")" ended
}

test_a_spawned_process_holds_no_descriptor_of_ours() {
  local fd pid
  exec {fd}>"$ROOT/lock"
  spawn sleeper "$ROOT" sleep 60
  exec {fd}>&-
  read -r pid _ <"$ROOT/sleeper.pid"
  expect_equal "$(find "/proc/$pid/fd" -lname "$ROOT/lock")" ""
  stop_process sleeper "$ROOT"
}

test_a_process_that_got_the_number_later_is_never_signalled() {
  sleep 60 &
  local stranger=$!
  echo "$stranger 1" >"$ROOT/recycled.pid"
  expect_equal "$(is_alive "$ROOT/recycled.pid")" dead
  stop_process recycled "$ROOT"
  expect_equal "$(is_running "$stranger")" running
  kill "$stranger"
}

test_a_pid_file_without_a_start_time_is_dead() {
  echo "$$ " >"$ROOT/half.pid"
  expect_equal "$(is_alive "$ROOT/half.pid")" dead
}

test_a_process_that_ignores_the_signal_is_killed() {
  spawn stubborn "$ROOT" bash -c 'trap "" TERM; echo ready; while :; do read -rt 1 <> <(:); done'
  wait_ready stubborn "$ROOT" 10 grep -q ready "$ROOT/stubborn.log"
  stop_process stubborn "$ROOT" TERM 1 2>"$ROOT/words"
  expect_equal "$(is_alive "$ROOT/stubborn.pid")" dead
  expect_equal "$(grep -c 'stubborn did not stop within 1 s' "$ROOT/words")" 1
}

test_a_start_that_fails_shows_the_log() {
  spawn loser "$ROOT" bash -c 'echo "no such luck"; exit 1'
  expect_equal "$(wait_ready loser "$ROOT" 10 false 2>&1 | sed -n 2p)" "    no such luck"
}

test_a_port_stays_the_same_and_differs_from_others() {
  local first second
  first=$(port dev http)
  second=$(port dev grpc)
  expect_equal "$(port dev http)" "$first"
  expect_equal "$([[ $first != "$second" ]] && echo differ)" differ
}

test_a_taken_port_is_named_in_plain_words() {
  python3 -c 'if True:
    import socket, sys
    s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen()
    print(s.getsockname()[1], flush=True)
    sys.stdin.read()' <&"$HOLD" >"$ROOT/taken" &
  local holder=$! number
  until [[ -s $ROOT/taken ]]; do read -rt 0.05 <> <(:) || true; done
  number=$(cat "$ROOT/taken")
  echo "redis=$number" >>"$ROOT/.local/dev/ports"
  expect_equal "$(need_free_port dev redis 2>&1 | grep -c "port $number, which redis of profile 'dev' uses, is taken")" 1
  kill "$holder"
}

# report NAME CASE_JSON...: a GoogleTest report of crm_NAME.
report() {
  local name=$1 cases
  shift
  cases=$(printf '%s,' "$@")
  printf '{"testsuites": [{"name": "S", "testsuite": [%s]}]}' "${cases%,}" >"$ROOT/results/crm_$name.json"
}

test_cases_are_counted_and_a_program_without_a_report_has_failed() {
  mkdir -p "$ROOT/results"
  report good '{"name": "A", "status": "RUN", "result": "COMPLETED"}' '{"name": "B", "status": "RUN", "result": "SKIPPED"}'
  report bad '{"name": "C", "status": "RUN", "result": "COMPLETED", "failures": [{}]}'
  report tail '{"name": "D", "status": "RUN", "result": "COMPLETED"}'
  cat >"$ROOT/results/ctest.xml" <<'EOF'
<testsuite><testcase name="good" status="run"/><testcase name="bad" status="fail"/><testcase name="crashed" status="fail"/>
<testcase name="tail" status="fail"/><testcase name="script" status="run"/></testsuite>
EOF
  echo "passed lint.format" >"$ROOT/results/static.txt"
  local status=0 output
  output=$(python3 "$HERE/count_tests.py" "$ROOT/results") || status=$?
  expect_equal "$status" 1
  expect_equal "$(tail -n 1 <<<"$output")" "4 passed, 3 failed, 1 skipped"
  expect_equal "$(grep -c 'failed: tail (the whole program)' <<<"$output")" 1
}

# in_repository COMMAND...: in a repository that has nothing of the user's.
in_repository() { (cd "$ROOT/repository" && HOME=$ROOT GIT_CONFIG_NOSYSTEM=1 "$@"); }
commit() { in_repository git -c user.name=t -c user.email=t@example.com commit -q --allow-empty -m "$1"; }

test_a_commit_is_compared_with_the_tag_or_the_start_of_the_branch_or_the_commit_before() {
  mkdir "$ROOT/repository"
  in_repository git init -q -b main
  commit one
  expect_equal "$(in_repository commit_before || echo none)" none
  commit two
  local one two
  one=$(in_repository git rev-parse HEAD^)
  two=$(in_repository git rev-parse HEAD)
  expect_equal "$(in_repository commit_before)" "$one"
  in_repository git checkout -q -b work
  commit three
  commit four
  expect_equal "$(in_repository commit_before)" "$two"
  in_repository git tag v1 "$one"
  expect_equal "$(in_repository commit_before)" v1
}

test_a_check_with_nothing_to_compare_with_is_skipped_and_counted() {
  lint_nothing() { return "$SKIPPED"; }
  lint "$ROOT/lint.txt" nothing 2>"$ROOT/words"
  expect_equal "$(cat "$ROOT/lint.txt")" "skipped lint.nothing"
}

templates() {
  mkdir -p "$ROOT/tools/lib"
  cp -r "$HERE/service-template" "$HERE/entity-template" "$ROOT/tools/lib/"
}

test_a_new_service_is_the_templates_with_the_names_filled_in() {
  templates
  cmd_new_service stock PriceList >"$ROOT/written"
  expect_equal "$(grep -cE '^(proto|services)/' "$ROOT/written")" \
    "$(find "$HERE/service-template" "$HERE/entity-template" -name '*.in' | wc -l)"
  expect_equal "$(grep -rE '@[A-Za-z]+@' "$ROOT/services/stock" "$ROOT/proto/crm/stock" | head -n 1)" ""
  expect_equal "$(grep -c 'pattern: "priceLists/{price_list}" plural: "priceLists" singular: "priceList"' \
    "$ROOT/proto/crm/stock/v1/price_list.proto")" 1
  expect_equal "$(grep -c 'CREATE TABLE price_lists ' "$ROOT/services/stock/migrations/0001_price_list.sql")" 1
}

test_a_new_entity_has_the_next_migration_and_leaves_what_is_there() {
  templates
  cmd_new_service shop Box Boxes >/dev/null
  echo "-- changed" >"$ROOT/services/shop/migrations/0009_more.sql"
  local before
  before=$(cat "$ROOT/services/shop/module.cpp")
  cmd_new_entity shop Shelf Shelves >"$ROOT/written"
  expect_equal "$(grep -cE '^(proto|services)/' "$ROOT/written")" "$(find "$HERE/entity-template" -name '*.in' | wc -l)"
  expect_equal "$(grep -c 'CREATE TABLE shelves ' "$ROOT/services/shop/migrations/0010_shelf.sql")" 1
  expect_equal "$(cat "$ROOT/services/shop/module.cpp")" "$before"
  expect_equal "$(grep -c 'services/shop/shop_service_test.cpp, entities:' "$ROOT/written")" 1
  expect_equal "$( (cmd_new_entity shop Shelf Shelves) 2>&1 | grep -c "shop has a Shelf already")" 1
  expect_equal "$( (cmd_new_entity nowhere Shelf Shelves) 2>&1 | grep -c "there is no service 'nowhere'")" 1
}

test_a_service_is_not_written_over() {
  mkdir -p "$ROOT/services/taken"
  expect_equal "$( (cmd_new_service taken Thing) 2>&1 | grep -c "there is a service 'taken' already")" 1
}

exec {HOLD}<> <(:)
for name in $(declare -F | awk '$3 ~ /^test_/ { print $3 }'); do
  "$name"
done
if ((failures == 0)); then echo "all tests passed"; fi
exit $((failures > 0))
