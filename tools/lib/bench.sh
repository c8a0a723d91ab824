# shellcheck shell=bash
# Measuring, with the preset release: what is shipped is what is measured.

## bench smoke  count the instructions of the hot paths and compare them with tests/bench/smoke_gates.json
## bench [full] [CASE...]  measure against the counterparts (M1, M1/lead/64, ...; without a case: list them); writes docs/performance.md
cmd_bench() {
  if [[ $PRESET != release ]]; then
    CRM_PRESET=release "$ROOT/tools/dev" bench "$@"
    return
  fi
  deps_base
  if [[ ${1:-} == smoke ]]; then
    build crm-bench-hot
    python3 "$ROOT/tools/lib/bench_smoke.py" "$BUILD/bin/crm-bench-hot" "$ROOT/tests/bench/smoke_gates.json" Release "${@:2}"
    return
  fi
  [[ ${1:-} == full ]] && shift
  need_disk 20000
  build crm-bench
  [[ -f $LOCAL/kafka/.stamp ]] || with_lock downloads deps_maven kafka
  (cd "$ROOT" && "$BUILD/bin/crm-bench" --journal "$ROOT/docs/performance.jsonl" "$@")
  (($# == 0)) || (cd "$ROOT" && python3 tools/lib/bench_report.py docs/performance.jsonl >docs/performance.md)
}
