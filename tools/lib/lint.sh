# shellcheck shell=bash
# Checks of the source that run nothing of it. Each is a function lint_<name> that prints what is wrong and fails.

LINTS=(format layers proto breaking shell docs catalogues)
# What a check returns that has nothing to compare with here.
SKIPPED=77

## lint [CHECK...]  format, layers, proto, breaking, shell, docs, catalogues (the default: these seven), tidy (needs a build)
cmd_lint() {
  deps_base
  deps_lint
  if [[ " $* " == *" tidy "* ]]; then build; fi
  lint /dev/null "$@"
}

# lint RESULTS [CHECK...]: runs them all, also after a failure, and adds a line "passed|skipped|failed NAME" for each to
# RESULTS.
lint() {
  local results=$1 name status failed=0
  shift
  for name in "${@:-${LINTS[@]}}"; do
    declare -F "lint_$name" >/dev/null || die "there is no check '$name'; there are: ${LINTS[*]}"
    status=0
    (cd "$ROOT" && "lint_$name" >&2) || status=$?
    if ((status == 0)); then
      say "lint $name: clean"
      echo "passed lint.$name" >>"$results"
    elif ((status == SKIPPED)); then
      say "lint $name: skipped"
      echo "skipped lint.$name" >>"$results"
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

# docs/reference says what the protos and the sources say.
lint_catalogues() { tools/catalogues --check; }

lint_proto() { "$LOCAL/judges/node_modules/.bin/buf" lint; }

# No caller that knows the protos of the commit before breaks on these: names, numbers and types stay.
lint_breaking() {
  local base before status=0
  base=$(commit_before) || {
    say "there is no earlier commit in this clone to compare the protos with"
    return "$SKIPPED"
  }
  before=$(mktemp -d)
  mkdir "$before/.local"
  git archive "$base" proto buf.yaml | tar -x -C "$before" && cp -r "$LOCAL/googleapis" "$before/.local/" &&
    "$LOCAL/judges/node_modules/.bin/buf" breaking --against "$before" || status=1
  rm -rf "$before"
  return "$status"
}

lint_tidy() { python3 "$ROOT/tools/lib/tidy.py" "$ROOT" "$BUILD" "$LOCAL/tidy"; }

lint_shell() {
  local files
  mapfile -t files < <(tracked | xargs grep -lE -m 1 '^#!.*\b(ba)?sh\b|^# shellcheck shell=' -- 2>/dev/null)
  shellcheck -x -f gcc "${files[@]}"
}

## fmt  format all C++ files, write docs/reference anew
cmd_fmt() {
  deps_lint
  cd "$ROOT" || return
  local files
  mapfile -t files < <(tracked '*.cpp' '*.h')
  clang-format -i "${files[@]}"
  tools/catalogues
}
