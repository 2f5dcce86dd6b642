#!/usr/bin/env bash
# Installs the packages of a project: by the command in INSTALL, else as its lock file says.
set -euo pipefail

if [ -n "${INSTALL:-}" ]; then
	exec bash -euo pipefail -c "$INSTALL"
fi
if [ -f pnpm-lock.yaml ]; then
	corepack enable
	exec pnpm install --frozen-lockfile
fi
if [ -f yarn.lock ]; then
	corepack enable
	case $(yarn --version) in
	1.*) exec yarn install --frozen-lockfile ;;
	*) exec yarn install --immutable ;;
	esac
fi
if [ -f package-lock.json ] || [ -f npm-shrinkwrap.json ]; then
	exec npm ci
fi
exec npm install
