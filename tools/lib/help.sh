# shellcheck shell=bash

## help  this list
cmd_help() {
  echo "usage: tools/dev COMMAND [ARGUMENTS]"
  echo
  sed -n 's/^## //p' "$ROOT"/tools/lib/*.sh | awk -F '  +' '{ printf "  %-40s %s\n", $1, $2 }'
}
