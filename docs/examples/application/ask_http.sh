#!/bin/sh
# Ask the graph for a list over HTTP, with curl and jq alone: Neo4j's query API, which every 5.26 server has.
#
#   NEO4J_HTTP=http://127.0.0.1:7474 NEO4J_PASSWORD_FILE=FILE sh ask_http.sh demo demo/user/101
#
# Of the library's file only the `:param` lines are left out, which are Neo4j Browser's. "accessMode": "Read" makes the
# server refuse whatever writes. The 5.26 server knows no timeout for one request: curl waits two seconds, and the
# server itself goes on until db.transaction.timeout (60 s on the local server; lower it in conf/own.conf).
set -eu
dataset=$1 user=$2
library=$(dirname "$0")/../../../cypher
statement=$(grep -v '^:param' "$library/recommend/by_user.cypher")

body=$(jq --null-input --arg statement "$statement" --arg dataset "$dataset" --arg user "$user" \
  '{statement: $statement, parameters: {dataset: $dataset, user: $user, k: 10}, accessMode: "Read"}')

# The password goes to curl on its standard input: command lines can be read by every user of a machine.
printf 'user = "neo4j:%s"\n' "$(cat "$NEO4J_PASSWORD_FILE")" |
  curl --config - --silent --show-error --max-time "${SECONDS_TO_WAIT:-2}" \
    --header 'Content-Type: application/json' --data "$body" "$NEO4J_HTTP/db/neo4j/query/v2" |
  jq 'if .errors then error(.errors[0].message) else
        .data.fields as $fields | .data.values | map([$fields, .] | transpose | map({(.[0]): .[1]}) | add) end'
