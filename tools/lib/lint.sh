# shellcheck shell=bash
# Checks of the source that run nothing of it. Each is a function lint_<name> that prints what is wrong and fails.

LINTS=(format layers proto shell docs)

## lint [CHECK...]  format, layers, proto, shell, docs (the default: these five), tidy (needs a build)
cmd_lint() {
  deps_base
  deps_lint
  if [[ " $* " == *" tidy "* ]]; then build; fi
  lint /dev/null "$@"
}

# lint RESULTS [CHECK...]: runs them all, also after a failure, and adds a line "passed|failed NAME" for each to RESULTS.
lint() {
  local results=$1 name failed=0
  shift
  for name in "${@:-${LINTS[@]}}"; do
    declare -F "lint_$name" >/dev/null || die "there is no check '$name'; there are: ${LINTS[*]}"
    if (cd "$ROOT" && "lint_$name" >&2); then
      say "lint $name: clean"
      echo "passed lint.$name" >>"$results"
    else
      warn "lint $name: see above"
      echo "failed lint.$name" >>"$results"
      failed=1
    fi
  done
  return "$failed"
}

# tracked GLOB...: files that git knows or would add.
tracked() {
  local file
  git ls-files -co --exclude-standard --deduplicate -- "$@" | while read -r file; do
    if [[ -f $file && ! -L $file ]]; then echo "$file"; fi
  done
}

lint_format() {
  local files
  mapfile -t files < <(tracked '*.cpp' '*.h')
  clang-format --dry-run -Werror "${files[@]}" 2>&1 | grep -E 'error:' | cut -d: -f1 | sort | uniq -c | sed 's/$/: run tools\/dev fmt/'
  return "${PIPESTATUS[0]}"
}

lint_layers() { tools/check-layers --self-test && tools/check-layers; }

lint_docs() { tools/check-docs --self-test && tools/check-docs; }

lint_proto() { "$LOCAL/judges/node_modules/.bin/buf" lint; }

lint_tidy() { python3 "$ROOT/tools/lib/tidy.py" "$ROOT" "$BUILD" "$LOCAL/tidy"; }

lint_shell() {
  local files
  mapfile -t files < <(tracked | xargs grep -lE -m 1 '^#!.*\b(ba)?sh\b|^# shellcheck shell=' -- 2>/dev/null)
  shellcheck -x -f gcc "${files[@]}"
}

## fmt  format all C++ files
cmd_fmt() {
  deps_lint
  cd "$ROOT" || return
  local files
  mapfile -t files < <(tracked '*.cpp' '*.h')
  clang-format -i "${files[@]}"
}
