# shellcheck shell=bash
# Addresses for scripts.

## env [dev|test]  print shell assignments: eval "$(tools/dev env)"
cmd_env() {
  local profile=${1:-dev}
  case $profile in
    test) env_test ;;
    *) die "usage: tools/dev env [dev|test]" ;;
  esac
}

env_test() {
  [[ -s $LOCAL/test/ports ]] || die "the test servers have never run. Run: tools/dev servers up test"
  echo "export CRM_TEST_PG=postgres://crm@127.0.0.1:$(port test postgres)/postgres"
  echo "export CRM_TEST_REDIS=127.0.0.1:$(port test redis)"
  echo "export CRM_TEST_KAFKA=127.0.0.1:$(port test kafka)"
}
