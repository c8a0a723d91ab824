# shellcheck shell=bash
# Compiling. CRM_PRESET chooses another preset of CMakePresets.json than dev.

PRESET=${CRM_PRESET:-dev}
BUILD=$ROOT/build/$PRESET

## build [TARGET...]  compile everything, or these targets
cmd_build() {
  deps_base
  build "$@"
}

configure() {
  [[ -f $BUILD/build.ninja ]] && return
  mkdir -p "$BUILD"
  say "configuring $BUILD"
  (cd "$ROOT" && cmake --preset "$PRESET") >"$BUILD/configure.log" 2>&1 || {
    show_log "$BUILD/configure.log"
    die "CMake failed; its log is above and in $BUILD/configure.log"
  }
}

build() {
  need_disk 3000
  configure
  say "building ${*:-everything} (preset $PRESET)"
  local status=0
  ninja -C "$BUILD" -j "$(nproc)" "$@" | build_output >&2 || status=$?
  ((status == 0)) || die "the build failed; the compiler's message is above"
}

# build_output: on a terminal ninja draws one line itself; in a log each fiftieth step is enough.
build_output() {
  local line step=0
  if [[ -t 2 ]]; then
    cat
    return
  fi
  while IFS= read -r line; do
    case $line in
      '['[0-9]*/[0-9]*']'*) if ((++step % 50 == 0)); then echo "    ${line%%]*}]"; fi ;;
      'ninja: Entering'* | 'ninja: no work'* | '-- '*) ;;
      *) printf '%s\n' "$line" ;;
    esac
  done
}
