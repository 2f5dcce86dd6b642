#!/usr/bin/env bash
# The history of a job and the file in which it travels from run to run, FILE. The database itself
# is never copied: what was written last may still be beside it.
#
#   import   FILE into the history; a file that cannot be read costs balance, not the run
#   export   the history into FILE, when merge has come so far
set -euo pipefail

case ${1:-} in
import)
	[ -f "$FILE" ] || exit 0
	muster store import "$FILE" ||
		echo '::warning title=muster::the history of earlier runs cannot be read: this one knows nothing'
	;;
export)
	[ -f .muster/history.db ] || exit 0
	exec muster store export "$FILE"
	;;
*)
	echo 'history.sh import|export' >&2
	exit 2
	;;
esac
