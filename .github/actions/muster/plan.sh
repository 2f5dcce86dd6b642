#!/usr/bin/env bash
# Plans the jobs. From the environment: SHARDS, TARGET, MAX_SHARDS, ARGS (one option a line), PLAN.
set -euo pipefail

words=(--github --shards "$SHARDS" --output "$PLAN")
[ -z "$TARGET" ] || words+=(--target "$TARGET")
# A matrix of GitHub has 256 jobs at most, which is also what muster stops at by itself.
[ -z "$MAX_SHARDS" ] || words+=(--max-shards "$MAX_SHARDS")
while IFS= read -r line; do
	[ -z "$line" ] || words+=("$line")
done <<<"$ARGS"

mkdir -p "$(dirname "$PLAN")"
exec muster plan "${words[@]}"
