# shellcheck shell=bash
# Tests in tiers: static (checks that run nothing), unit (no server), component (real
# PostgreSQL, Redis, Kafka), scenario (whole processes), chaos (processes and servers that are killed). The tier of a test program is its
# label in CMake.

## test [static|unit|component|scenario|chaos] [PATTERN]  run one tier or all, or the programs that fit; the last line counts the cases; CRM_PRESET=asan or tsan in front of it: under sanitizers
cmd_test() {
  local tier=${1:-all} pattern=${2:-.} results=$BUILD/results
  case $tier in
    all | static | unit | component | scenario | chaos) ;;
    *) die "tier '$tier' is none of static, unit, component, scenario, chaos" ;;
  esac
  deps_base
  need_disk 3000
  rm -rf "$results"
  mkdir -p "$results"
  if [[ $tier == all || $tier == static ]]; then
    deps_lint
    lint "$results/static.txt" || true
  fi
  if [[ $tier != static ]]; then
    if [[ $tier != unit ]]; then cmd_servers up test; fi
    local targets
    mapfile -t targets < <(test_targets "$tier" "$pattern")
    build "${targets[@]}"
    run_ctest "$tier" "$pattern" "$results" || true
  fi
  python3 "$ROOT/tools/lib/count_tests.py" "$results"
}

# test_targets TIER PATTERN: what to build for the tests that fit; nothing: everything. Scenarios start programs of the product,
# so they need all of it.
test_targets() {
  [[ ($1 == unit || $1 == component) && $2 != . ]] || return 0
  configure
  ninja -C "$BUILD" build.ninja >/dev/null || return 0 # tests of new folders
  local target
  ctest --test-dir "$BUILD" -N -L "^$1\$" -R "$2" | sed -n 's/^ *Test *#[0-9]*: /crm_/p' | while read -r target; do
    if ninja -C "$BUILD" -t query "$target" >/dev/null 2>&1; then echo "$target"; fi
  done
}

# sanitizer_options: for CRM_PRESET=asan and CRM_PRESET=tsan; without effect elsewhere.
sanitizer_options() {
  export UBSAN_OPTIONS="print_stacktrace=1 ${UBSAN_OPTIONS:-}"
  export TSAN_OPTIONS="suppressions=$ROOT/tools/lib/sanitizers/tsan.supp history_size=4 ${TSAN_OPTIONS:-}"
}

run_ctest() {
  local tier=$1 results=$3 filter=(-R "$2")
  if [[ $tier != all ]]; then filter+=(-L "^$tier\$"); fi
  say "running the tests ($tier)"
  if [[ $tier != unit ]]; then eval "$(env_test)"; fi
  sanitizer_options
  GTEST_OUTPUT=json:$results/ GTEST_COLOR=no ctest --test-dir "$BUILD" -j "$(nproc)" --output-on-failure --no-tests=error \
    --output-junit "$results/ctest.xml" "${filter[@]}"
}
