# shellcheck shell=bash
# What the project needs from outside. Every step is skipped when its result is there.

## deps  install everything: Debian packages, the protos of Google and gRPC, Kafka, the checkers
cmd_deps() {
  deps_base
  deps_lint
}

deps_base() {
  with_lock downloads deps_packages build
  with_lock downloads deps_maven googleapis '*.proto'
  with_lock downloads deps_maven kafka
}

deps_lint() {
  with_lock downloads deps_packages lint
  with_lock downloads deps_npm
}

# packages_missing LIST: those of tools/lib/packages/<LIST>.txt that are neither installed nor served by their command.
packages_missing() {
  local name command installed
  installed=$(dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' | awk '$1 == "ii" { print $2 }')
  while read -r name command; do
    [[ -z $name || $name == \#* ]] && continue
    if [[ -n $command ]] && command -v "$command" >/dev/null; then continue; fi
    grep -qxF "$name" <<<"$installed" || echo "$name"
  done <"$ROOT/tools/lib/packages/$1.txt"
}

deps_packages() {
  local missing
  command -v dpkg-query >/dev/null || die "this is not Debian: install what tools/lib/packages/$1.txt lists by hand"
  mapfile -t missing < <(packages_missing "$1")
  ((${#missing[@]})) || return 0
  grep -qs '^VERSION_CODENAME=bookworm' /etc/os-release || warn "this is not Debian 12; package names may differ"
  need_disk 3000
  long_step "reading the package lists" as_root apt-get update
  long_step "installing ${#missing[@]} Debian packages" as_root "$ROOT/tools/lib/install-packages" "${missing[@]}"
}

# deps_maven NAME [FILES]: what tools/lib/NAME/pom.xml lists, from Maven into .local/NAME: the jars, or where FILES is given
# (a pattern) the files of that name in them. The folder appears whole or not at all.
deps_maven() {
  local name=$1 files=${2:-} pom=$ROOT/tools/lib/$1/pom.xml new=$LOCAL/$1.new
  cmp -s "$pom" "$LOCAL/$name/.stamp" && return
  command -v mvn >/dev/null || die "Maven is not installed. Run: tools/dev deps"
  need_disk 3000
  rm -rf "$new"
  mkdir -p "$new"
  # Maven works on a copy of the pom, so that it writes nothing into the tree.
  cp "$pom" "$new/pom.xml"
  long_step "downloading $name from Maven" \
    mvn -q -B -Dstyle.color=never -f "$new/pom.xml" dependency:copy-dependencies "-DoutputDirectory=$new"
  if [[ -n $files ]]; then
    local jar
    for jar in "$new"/*.jar; do
      unzip -qq -o "$jar" "$files" -d "$new"
      rm "$jar"
    done
  fi
  replace_folder "$new/pom.xml" "$name"
}

deps_npm() {
  local list=$ROOT/tools/judges/package.json new=$LOCAL/judges.new
  cmp -s "$list" "$LOCAL/judges/.stamp" && return
  need_disk 3000
  rm -rf "$new"
  mkdir -p "$new"
  cp "$list" "$new/"
  long_step "downloading the checkers from npm" \
    npm install --prefix "$new" --ignore-scripts --no-package-lock --no-audit --no-fund
  cp "$list" "$new/.package.json"
  replace_folder "$new/.package.json" judges
}

# replace_folder STAMP NAME: .local/NAME.new becomes .local/NAME, with the file it was made from as its stamp.
replace_folder() {
  mv "$1" "$LOCAL/$2.new/.stamp"
  rm -rf "${LOCAL:?}/$2"
  mv "$LOCAL/$2.new" "$LOCAL/$2"
}
