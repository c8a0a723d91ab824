# shellcheck shell=bash

## help  this list
cmd_help() {
  echo "usage: tools/dev COMMAND [ARGUMENTS]"
  echo
  sed -n 's/^## //p' "$ROOT"/tools/lib/*.sh | sort | awk -F '  +' '{ printf "  %s\n      %s\n", $1, $2 }'
}
