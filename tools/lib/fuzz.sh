# shellcheck shell=bash
# libFuzzer's targets of tests/fuzz. What they have learnt stays under build/fuzz; what breaks them is to be kept in their corpus.

## fuzz [TARGET] [SECONDS]  run one target of tests/fuzz, or each of them, for so long (default: 60 s each)
cmd_fuzz() {
  local seconds=60 targets=() name
  for name in "$@"; do
    if [[ $name =~ ^[0-9]+$ ]]; then seconds=$name; else targets+=("$name"); fi
  done
  if ((${#targets[@]} == 0)); then mapfile -t targets < <(fuzz_targets); fi
  for name in "${targets[@]}"; do
    fuzz_targets | grep -qx "$name" || die "there is no target '$name'; there are: $(fuzz_targets | tr '\n' ' ')"
  done
  deps_base
  with_lock downloads deps_packages fuzz
  # shellcheck disable=SC2034 # configure and build read them
  PRESET=fuzz BUILD=$ROOT/build/fuzz
  build "${targets[@]/#/crm_fuzz_}"
  for name in "${targets[@]}"; do fuzz_one "$name" "$seconds"; done
}

fuzz_targets() { (cd "$ROOT/tests/fuzz/corpus" && printf '%s\n' *); }

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
