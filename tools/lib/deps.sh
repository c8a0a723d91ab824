# shellcheck shell=bash
# What the project needs from outside.

# deps_kafka: Kafka's jars, from Maven into .local/kafka.
deps_kafka() {
  local pom=$ROOT/tools/lib/kafka/pom.xml stamp=$LOCAL/kafka/.stamp
  cmp -s "$pom" "$stamp" && return
  with_lock downloads maven_copy "$pom" kafka
}

# maven_copy POM FOLDER: the jars of a pom into .local/FOLDER, all or nothing.
maven_copy() {
  local pom=$1 name=$2
  local new=$LOCAL/$name.new
  cmp -s "$pom" "$LOCAL/$name/.stamp" && return
  command -v mvn >/dev/null || die "Maven is not installed. Run: tools/dev deps"
  say "downloading ${name} from Maven"
  rm -rf "$new"
  # The pom is copied, so that Maven writes no target folder into the tree.
  mkdir -p "$new"
  cp "$pom" "$new/pom.xml"
  mvn -q -B -f "$new/pom.xml" dependency:copy-dependencies "-DoutputDirectory=$new" >"$LOCAL/maven.log" 2>&1 || {
    show_log "$LOCAL/maven.log"
    die "the download of $name failed; Maven's log is above. Check the network, then run the command again"
  }
  mv "$new/pom.xml" "$new/.stamp"
  rm -rf "${LOCAL:?}/$name"
  mv "$new" "$LOCAL/$name"
}
