#!/usr/bin/env bash
# Merges the shares. From the environment: ARGS (one option a line), PLAN, RUNS, OUT.
set -euo pipefail

if [ ! -f "$PLAN" ]; then
	echo '::error title=muster::there is no plan, so nothing was tested: look at the job that plans'
	exit 5
fi
words=(--plan "$PLAN" --out "$OUT")
while IFS= read -r line; do
	[ -z "$line" ] || words+=("$line")
done <<<"$ARGS"

# Not one job has left results: the folder is not there, and everything is missing.
mkdir -p "$RUNS"
exec muster merge "$RUNS" "${words[@]}"
