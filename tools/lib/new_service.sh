# shellcheck shell=bash
# A new service from tools/lib/service-template: every file there without its ending .in, with the names filled in.

## new-service SERVICE ENTITY [ENTITIES]  a service with one resource that works: new-service inventory Product
cmd_new_service() {
  local service=${1:-} entity=${2:-} entities=${3:-${2:-}s}
  [[ $service =~ ^[a-z][a-z0-9]*$ ]] || die "usage: tools/dev new-service SERVICE ENTITY [ENTITIES]; SERVICE is one lower-case word"
  [[ $entity =~ ^[A-Z][A-Za-z0-9]*$ && $entities =~ ^[A-Z][A-Za-z0-9]*$ && $entity != "$entities" ]] ||
    die "ENTITY is a noun in PascalCase, like Product; ENTITIES is its plural"
  [[ ! -e $ROOT/services/$service && ! -e $ROOT/proto/crm/$service ]] || die "there is a service '$service' already"
  write_service "$service" "$entity" "$entities"
  if command -v clang-format >/dev/null; then
    clang-format -i "$ROOT/services/$service"/*.h "$ROOT/services/$service"/*.cpp
  fi
  cat <<EOF

Next: describe the resource in proto/crm/$service/v1/$(snake "$entity").proto, give each filterable or sortable field a column in
services/$service/migrations, add rules and verbs in services/$service/module.cpp, and add the module to services/all.

  tools/dev build && tools/dev test component $service
EOF
}

snake() { sed -E 's/([a-z0-9])([A-Z])/\1_\2/g' <<<"$1" | tr '[:upper:]' '[:lower:]'; }
lower_first() { printf '%s%s\n' "$(tr '[:upper:]' '[:lower:]' <<<"${1:0:1}")" "${1:1}"; }

# write_service SERVICE ENTITY ENTITIES
write_service() {
  local template=$ROOT/tools/lib/service-template file target names
  names="s/@service@/$1/g; s/@Entity@/$2/g; s/@Entities@/$3/g; s/@entity@/$(snake "$2")/g; s/@entities@/$(snake "$3")/g"
  names+="; s/@singular@/$(lower_first "$2")/g; s/@collection@/$(lower_first "$3")/g"
  while read -r file; do
    target=$(sed "$names" <<<"${file%.in}")
    mkdir -p "$(dirname "$ROOT/$target")"
    sed "$names" "$template/$file" >"$ROOT/$target"
    echo "$target"
  done < <(cd "$template" && find . -name '*.in' | sed 's#^\./##' | sort)
}
