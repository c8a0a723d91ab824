# shellcheck shell=bash
# Addresses for scripts.

## env [dev|test]  print shell assignments: eval "$(tools/dev env)"
cmd_env() {
  local profile=${1:-dev}
  is_profile "$profile" || die "usage: tools/dev env [dev|test]"
  [[ -s $LOCAL/$profile/ports ]] || die "profile '$profile' has never run: tools/dev up, or tools/dev servers up test"
  "env_$profile"
}

# postgres_dsn PROFILE DATABASE: as the owner of everything.
postgres_dsn() { echo "postgres://crm@127.0.0.1:$(port "$1" postgres)/$2"; }

env_dev() {
  cat <<EOF
export CRM_URL=$(app_url)
export CRM_GRPC=127.0.0.1:$(port dev grpc)
export CRM_KEY=$(tenant_value CRM_KEY)
export CRM_FORM_KEY=$(tenant_value CRM_FORM_KEY)
export CRM_KAFKA=127.0.0.1:$(port dev kafka)
export CRM_REDIS=127.0.0.1:$(port dev redis)
export CRM_PG=$(postgres_dsn dev crm)
EOF
}

env_test() {
  cat <<EOF
export CRM_TEST_PG=$(postgres_dsn test postgres)
export CRM_TEST_REDIS=127.0.0.1:$(port test redis)
export CRM_TEST_KAFKA=127.0.0.1:$(port test kafka)
EOF
}
