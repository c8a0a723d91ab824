# shellcheck shell=bash
# libFuzzer's targets of tests/fuzz. What they have learnt stays under build/fuzz; what breaks them is to be kept in their corpus.

## fuzz [TARGET|changed] [SECONDS]  run a target of tests/fuzz, those whose code has changed, or each, for so long (default: 60 s)
cmd_fuzz() {
  local seconds=60 targets=() name changed=false
  for name in "$@"; do
    case $name in
      changed) changed=true ;;
      *[!0-9]*) targets+=("$name") ;;
      *) seconds=$name ;;
    esac
  done
  for name in "${targets[@]}"; do
    fuzz_targets | grep -qx "$name" || die "there is no target '$name'; there are: $(fuzz_targets | tr '\n' ' ')"
  done
  local folders=
  if $changed; then
    folders=$(changed_folders)
    if [[ -z $folders && ${#targets[@]} == 0 ]]; then
      say "no code has changed"
      return
    fi
  elif ((${#targets[@]} == 0)); then
    mapfile -t targets < <(fuzz_targets)
  fi
  deps_base
  with_lock downloads deps_packages fuzz
  # shellcheck disable=SC2034 # configure and build read them
  PRESET=fuzz BUILD=$ROOT/build/fuzz
  if [[ -n $folders ]]; then
    configure
    mapfile -t -O "${#targets[@]}" targets < <(fuzz_made_of "$folders")
    if ((${#targets[@]} == 0)); then
      say "no target's code has changed"
      return
    fi
  fi
  build "${targets[@]/#/crm_fuzz_}"
  for name in "${targets[@]}"; do fuzz_one "$name" "$seconds"; done
}

fuzz_targets() { (cd "$ROOT/tests/fuzz/corpus" && printf '%s\n' *); }

# changed_folders: the folders in which something changed since commit_before, documents apart. None where there is no such commit.
changed_folders() {
  local base
  base=$(commit_before) || return 0
  git -C "$ROOT" diff --name-only "$base" -- ':!*.md' | folders || true
}

# fuzz_made_of FOLDERS: the targets that are made of files in one of the folders: headers stand beside what they belong to.
fuzz_made_of() {
  local name
  for name in $(fuzz_targets); do
    if fuzz_sources "$name" | folders | grep -qxF "$1"; then echo "$name"; fi
  done
}

# fuzz_sources TARGET: the repository's files that ninja makes the target of.
fuzz_sources() {
  (cd "$BUILD" && ninja -t inputs "crm_fuzz_$1" | xargs realpath -sm --relative-base="$ROOT" --)
  echo "tests/fuzz/corpus/$1/"
}

folders() { grep / | sed 's|/[^/]*$||' | sort -u; }

# fuzz_one TARGET SECONDS: ends with the input that broke it, if one did.
fuzz_one() {
  local name=$1 seconds=$2 learnt=$BUILD/learnt/$1 broken=$BUILD/broken/$1 dictionary=()
  mkdir -p "$learnt" "$broken"
  if [[ -f $ROOT/tests/fuzz/$name.dict ]]; then dictionary=(-dict="$ROOT/tests/fuzz/$name.dict"); fi
  say "fuzzing $name for $seconds s"
  UBSAN_OPTIONS=print_stacktrace=1 "$BUILD/bin/crm_fuzz_$name" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2500 \
    -print_final_stats=1 -verbosity=0 -artifact_prefix="$broken/" "${dictionary[@]}" "$learnt" "$ROOT/tests/fuzz/corpus/$name" ||
    die "$name is broken by the newest file in $broken: mend it, and keep the file in tests/fuzz/corpus/$name"
}
