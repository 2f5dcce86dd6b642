// pnpm starts a framework's program through a script that sets NODE_PATH; there projects find packages that
// they have not named themselves (plugins of Babel, say).
'use strict';

const { readFileSync } = require('fs');
const Module = require('module');
const path = require('path');

const SET = /^\s*export NODE_PATH="([^"$`]+)"$/m;

function read(file) {
	try {
		return readFileSync(file, 'utf8');
	} catch {
		return null;
	}
}

/* As if node_modules/.bin/PROGRAM of the nearest folder that has one had started this process. */
function takeNodePath(program) {
	for (let dir = process.cwd(), up; dir !== up; up = dir, dir = path.dirname(dir)) {
		const text = read(path.join(dir, 'node_modules', '.bin', program));
		if (text === null)
			continue;
		const [, value] = SET.exec(text) ?? [];
		if (value) {
			process.env.NODE_PATH = [value, process.env.NODE_PATH].filter(Boolean).join(path.delimiter);
			Module._initPaths();
		}
		return;
	}
}

module.exports = { takeNodePath };
