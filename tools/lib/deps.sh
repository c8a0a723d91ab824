# shellcheck shell=bash
# What the project needs from outside. Every step is skipped when its result is there.

# deps_maven NAME [FILES]: what tools/lib/NAME/pom.xml lists, from Maven into .local/NAME: the jars, or where FILES is given
# (a pattern) the files of that name in them. The folder appears whole or not at all.
deps_maven() {
  cmp -s "$ROOT/tools/lib/$1/pom.xml" "$LOCAL/$1/.stamp" || with_lock downloads maven_fetch "$@"
}

maven_fetch() {
  local name=$1 files=${2:-} pom=$ROOT/tools/lib/$1/pom.xml new=$LOCAL/$1.new
  cmp -s "$pom" "$LOCAL/$name/.stamp" && return
  command -v mvn >/dev/null || die "Maven is not installed. Run: tools/dev deps"
  need_disk 3000
  say "downloading $name from Maven"
  rm -rf "$new"
  mkdir -p "$new"
  # Maven works on a copy of the pom, so that it writes nothing into the tree.
  cp "$pom" "$new/pom.xml"
  mvn -q -B -Dstyle.color=never -f "$new/pom.xml" dependency:copy-dependencies "-DoutputDirectory=$new" >"$LOCAL/maven.log" 2>&1 || {
    show_log "$LOCAL/maven.log"
    die "the download of $name failed; Maven's log is above. Check the network, then run the command again"
  }
  if [[ -n $files ]]; then
    local jar
    for jar in "$new"/*.jar; do
      unzip -q -o "$jar" "$files" -d "$new" 2>/dev/null || true
      rm "$jar"
    done
  fi
  mv "$new/pom.xml" "$new/.stamp"
  rm -rf "${LOCAL:?}/$name"
  mv "$new" "$LOCAL/$name"
}

deps_kafka() { deps_maven kafka; }
deps_googleapis() { deps_maven googleapis 'google/*.proto'; }
