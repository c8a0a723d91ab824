#!/usr/bin/env bash
# Prints the events of a topic from its beginning, each with its CloudEvents headers and its decoded payload.
#   docs/guide/decode-events.sh BROKERS TOPIC [MOST]
# Needs kcat and protoc (Debian: kcat, protobuf-compiler), and the .proto files of this repository with Google's, which
# tools/dev deps puts under .local/googleapis.
set -euo pipefail
brokers=$1 topic=$2 most=${3:-10}
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
descriptors=$(mktemp)
trap 'rm -f "$descriptors"' EXIT

# All contracts as one file of descriptors; gRPC reflection serves the same.
(cd "$root/proto" && protoc -I . -I ../.local/googleapis -I /usr/include --include_imports \
  --descriptor_set_out="$descriptors" crm/*/v1/*_events.proto)

kcat -b "$brokers" -t "$topic" -C -o beginning -e -q -c "$most" -f '%p %o %h\n' | while read -r partition offset headers; do
  echo "# $topic [$partition] at $offset"
  tr , '\n' <<<"$headers"
  schema=$(tr , '\n' <<<"$headers" | sed -n 's/^ce_dataschema=//p')
  kcat -b "$brokers" -t "$topic" -C -p "$partition" -o "$offset" -c 1 -e -q -D '' |
    protoc --descriptor_set_in="$descriptors" --decode="$schema"
done
