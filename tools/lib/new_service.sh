# shellcheck shell=bash
# New entities and services from tools/lib/entity-template and tools/lib/service-template: every file there without its ending
# .in, with the names filled in.

## new-service SERVICE ENTITY [ENTITIES]  a service with one entity that works: new-service inventory Product
cmd_new_service() {
  local service=${1:-} entity=${2:-} entities=${3:-${2:-}s}
  check_names "$service" "$entity" "$entities" "usage: tools/dev new-service SERVICE ENTITY [ENTITIES]"
  [[ ! -e $ROOT/services/$service && ! -e $ROOT/proto/crm/$service ]] || die "there is a service '$service' already"
  write_template service-template "$service" "$entity" "$entities" 0001
  write_template entity-template "$service" "$entity" "$entities" 0001
  format_service "$service"
  cat <<END

It works as it is; see for yourself:
  tools/dev test component ${service}_service

Next: CONTRIBUTING.md, "Add a service", for the lines that make it part of crm-all; "Add an entity" from step 2 on for its fields,
verbs and consumers.
END
}

## new-entity SERVICE ENTITY [ENTITIES]  an entity for a service that is there: new-entity activities Meeting
cmd_new_entity() {
  local service=${1:-} entity=${2:-} entities=${3:-${2:-}s} noun number
  check_names "$service" "$entity" "$entities" "usage: tools/dev new-entity SERVICE ENTITY [ENTITIES]"
  noun=$(snake "$entity")
  [[ -e $ROOT/services/$service/module.cpp && -e $ROOT/proto/crm/$service ]] ||
    die "there is no service '$service'; tools/dev new-service makes one"
  if grep -qE "^message $entity \{" "$ROOT/proto/crm/$service/v1"/*.proto; then die "$service has a $entity already"; fi
  number=$(next_migration "$service")
  write_template entity-template "$service" "$entity" "$entities" "$number"
  format_service "$service"
  cat <<END

Next, by hand:
  services/$service/module.cpp, Records():   v1::$entity::descriptor()   (#include "crm/$service/v1/$noun.pb.h")
  services/$service/module.cpp, Methods():   those of ${entity}Methods(types, settings)   (#include "services/$service/${noun}_service.h")
  $(conformance_file "$service"), entities:
      {"crm.$service.v1.${entity}Service", v1::$entity::descriptor()}
then it works as it is; see for yourself:
  tools/dev test component ${service}_service
and CONTRIBUTING.md, "Add an entity", from step 2 on for its fields, verbs and consumers.
END
}

check_names() {
  [[ $1 =~ ^[a-z][a-z0-9]*$ ]] || die "$4; SERVICE is one lower-case word"
  [[ $2 =~ ^[A-Z][A-Za-z0-9]*$ && $3 =~ ^[A-Z][A-Za-z0-9]*$ && $2 != "$3" ]] ||
    die "$4; ENTITY is a noun in PascalCase, like Product; ENTITIES is its plural"
}

snake() { sed -E 's/([a-z0-9])([A-Z])/\1_\2/g' <<<"$1" | tr '[:upper:]' '[:lower:]'; }
lower_first() { printf '%s%s\n' "$(tr '[:upper:]' '[:lower:]' <<<"${1:0:1}")" "${1:1}"; }

# next_migration SERVICE: the number after that of its last migration.
next_migration() {
  local file number=0
  for file in "$ROOT/services/$1/migrations"/[0-9]*.sql; do
    if [[ -e $file ]]; then number=$((10#$(basename "$file" | cut -d_ -f1))); fi
  done
  printf '%04d\n' $((number + 1))
}

# conformance_file SERVICE: where its entities are listed for the suite.
conformance_file() {
  (cd "$ROOT" && grep -l 'ConformanceCases(' "services/$1"/*_test.cpp 2>/dev/null) || echo "services/$1/conformance_test.cpp"
}

format_service() {
  if command -v clang-format >/dev/null; then clang-format -i "$ROOT/services/$1"/*.h "$ROOT/services/$1"/*.cpp; fi
}

# write_template TEMPLATE SERVICE ENTITY ENTITIES NUMBER
write_template() {
  local template=$ROOT/tools/lib/$1 file target names
  names="s/@service@/$2/g; s/@Entity@/$3/g; s/@Entities@/$4/g; s/@entity@/$(snake "$3")/g; s/@entities@/$(snake "$4")/g"
  names+="; s/@singular@/$(lower_first "$3")/g; s/@collection@/$(lower_first "$4")/g; s/@number@/$5/g"
  while read -r file; do
    target=$(sed "$names" <<<"${file%.in}")
    mkdir -p "$(dirname "$ROOT/$target")"
    sed "$names" "$template/$file" >"$ROOT/$target"
    echo "$target"
  done < <(cd "$template" && find . -name '*.in' | sed 's#^\./##' | sort)
}
