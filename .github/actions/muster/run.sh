#!/usr/bin/env bash
# Runs one share. From the environment: SHARD (3/8), ARGS (one option a line), PLAN, OUT.
#
# A cancelled job gets SIGINT, 7.5 s later SIGTERM, 2.5 s later SIGKILL, and only the process that
# the runner itself started gets them. So this becomes muster: a shell in between would keep the
# first signal to itself and die of the second.
set -euo pipefail

words=(--plan "$PLAN" --shard "$SHARD" --out "$OUT")
while IFS= read -r line; do
	[ -z "$line" ] || words+=("$line")
done <<<"$ARGS"

exec muster run "${words[@]}"
