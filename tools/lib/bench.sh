# shellcheck shell=bash
# Measuring, with the preset release: what is shipped is what is measured.

## bench [full] [CASE...]  measure against the counterparts (M1, M1/lead/64, ...; without a case: list them); writes docs/performance.md
cmd_bench() {
  if [[ $PRESET != release ]]; then
    CRM_PRESET=release "$ROOT/tools/dev" bench "$@"
    return
  fi
  [[ ${1:-} == full ]] && shift
  deps_base
  need_disk 20000
  build crm-bench
  [[ -f $LOCAL/kafka/.stamp ]] || with_lock downloads deps_maven kafka
  (cd "$ROOT" && "$BUILD/bin/crm-bench" --journal "$ROOT/docs/performance.jsonl" "$@")
  (($# == 0)) || (cd "$ROOT" && python3 tools/lib/bench_report.py docs/performance.jsonl >docs/performance.md)
}
