# shellcheck shell=bash
# The fault bench by hand; its short run is the tier chaos of tools/dev test.

## chaos [--kills N] [--seed S] [--replicas R] [--outage SECONDS]  the fault bench (default: 500 kills); writes docs/reliability.md
cmd_chaos() {
  deps_base
  need_disk 5000
  build crm-chaos crm-under-test crmctl
  [[ -f $LOCAL/kafka/.stamp ]] || with_lock downloads deps_maven kafka
  (cd "$ROOT" && "$BUILD/bin/crm-chaos" --report "$ROOT/docs/reliability.md" "$@")
}
