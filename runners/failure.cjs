// What went wrong, in the form of the worker protocol: message and stack apart, values printed, texts
// bounded, and the place in the project where it happened.
'use strict';

const { realpathSync } = require('fs');
const path = require('path');
const { fileURLToPath } = require('url');
const { inspect } = require('util');

const TEXT_MAX = 64 * 1024;
const ADAPTERS = `${path.sep}muster-adapters${path.sep}`;
const MODULES = `${path.sep}node_modules${path.sep}`;
const FRAME = /^\s*at (?:.*?\()?((?:file:\/\/)?(?:\/|[A-Za-z]:[\\/]).*?):(\d+):(\d+)\)?$/;
const FRAME_LINE = /^\s+at \S/;
// eslint-disable-next-line no-control-regex
const ANSI = /\x1b(?:\[[0-9;:?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\^_])/g;

function stripAnsi(text) {
	return text.includes('\x1b') ? text.replace(ANSI, '') : text;
}

/* At most `max` bytes of UTF-8, cut between characters, with an ellipsis. */
function bound(text, max = TEXT_MAX) {
	text = String(text);
	if (text.length * 3 <= max)
		return text;
	const bytes = Buffer.from(text);
	if (bytes.length <= max)
		return text;
	let cut = max - 3;
	while (cut > 0 && (bytes[cut] & 0xc0) === 0x80)
		cut--;
	return bytes.toString('utf8', 0, cut) + '…';
}

/*
 * JSON text as any parser takes it: no halves of surrogate pairs, no NUL; both become U+FFFD. (JSON
 * writes either as an escape, so only those have to be looked for.)
 */
const UNSOUND = /(?<=(?:^|[^\\])(?:\\\\)*)\\u(?:d[89a-f][0-9a-f]{2}|0000)/g;
function soundJson(json) {
	return json.includes('\\u') ? json.replace(UNSOUND, '\ufffd') : json;
}

function realpath(file) {
	try {
		return realpathSync(file);
	} catch {
		return file;
	}
}

/*
 * Paths as messages carry them. Frameworks hand out real paths where the user's base may go through a
 * link, and the other way round: both forms of the base are taken off.
 */
function paths(base) {
	const roots = [...new Set([path.resolve(base), realpath(base)])].map(
		root => (root.endsWith(path.sep) ? root : root + path.sep));
	const inside = file => {
		const root = roots.find(candidate => file.startsWith(candidate));
		return root === undefined ? null : file.slice(root.length);
	};
	return {
		/* Relative to the base; null when it is not inside. */
		inside,
		/* Relative to the base, with "../" when it is not inside. */
		relative(file) {
			return inside(file) ?? inside(realpath(file)) ?? path.relative(roots[0], file);
		},
		absolute: file => path.resolve(roots[0], file),
	};
}

/* The file of a stack frame: file URLs become paths. */
function framePath(name) {
	if (!name.startsWith('file://'))
		return name;
	try {
		return fileURLToPath(name.replace(/\?.*$/, ''));
	} catch {
		return name;
	}
}

/* First frame inside the base that is the project's own code: {file, line, column}, or {}. */
function location(stack, where) {
	for (const text of String(stack || '').split('\n')) {
		const match = FRAME.exec(text);
		if (!match)
			continue;
		const file = framePath(match[1]);
		const relative = where.inside(file);
		if (relative !== null && !file.includes(MODULES) && !file.includes(ADAPTERS))
			return { file: relative, line: Number(match[2]), column: Number(match[3]) };
	}
	return {};
}

/*
 * V8 puts "Name: message" in front of the frames. Message and frames apart; a message that itself
 * contains lines like frames is found by its own text first.
 */
function splitStack(stack, message) {
	const known = message ? stack.indexOf(message) : -1;
	const from = known >= 0 ? known + message.length : 0;
	const rest = stack.slice(from);
	const match = /(?:^|\n)\s+at \S/.exec(rest);
	if (!match)
		return { head: stack, frames: '' };
	const at = from + match.index;
	return { head: stack.slice(0, at), frames: stack.slice(at).replace(/^\n+/, '') };
}

/* A value for people; never throws, whatever the value does when it is looked at. */
function print(value) {
	if (typeof value === 'string')
		return bound(stripAnsi(value));
	try {
		return bound(stripAnsi(inspect(value, { depth: 6, maxArrayLength: 200, sorted: true, compact: false })));
	} catch {
		return '[a value that cannot be printed]';
	}
}

function get(object, key) {
	try {
		return object[key];
	} catch {
		return undefined;
	}
}

function isAssertion(error) {
	return get(error, 'code') === 'ERR_ASSERTION' || get(error, 'matcherResult') !== undefined ||
		/Assertion/.test(String(get(error, 'name'))) || get(error, 'showDiff') === true;
}

function textOf(error) {
	if (error === null || typeof error !== 'object')
		return { message: print(error), stack: '' };
	const message = get(error, 'message');
	const stack = get(error, 'stack');
	return {
		message: typeof message === 'string' ? message : print(error),
		stack: typeof stack === 'string' ? stack : '',
	};
}

/* Messages of an error's causes and of the parts of an AggregateError, indented; bounded in depth. */
function causes(error, depth = 0) {
	if (depth > 4 || error === null || typeof error !== 'object')
		return '';
	const parts = [];
	const cause = get(error, 'cause');
	if (cause !== undefined)
		parts.push(cause);
	const errors = get(error, 'errors');
	if (Array.isArray(errors))
		parts.push(...errors.slice(0, 10));
	return parts.map(part => `\n\ncaused by: ${textOf(part).message}${causes(part, depth + 1)}`).join('');
}

/* "TypeError: x" is more than "x"; names that say nothing are left out. */
function titled(error, message) {
	const name = String(get(error, 'name') ?? '');
	if (!name || name === 'Error' || isAssertion(error) || message.startsWith(name))
		return message;
	return message ? `${name}: ${message}` : name;
}

/* expected and actual as printed texts, where the error has a pair of them. */
function values(error) {
	const holder = get(error, 'matcherResult') ?? error;
	const expected = get(holder, 'expected');
	const actual = get(holder, 'actual');
	if (expected === undefined && actual === undefined)
		return {};
	return { expected: print(expected), actual: print(actual) };
}

/*
 * The `failure` of a message from whatever was thrown. `where` is what paths(base) gave; `known`
 * overrides what the framework knows better (kind, snippet, stack…).
 */
function failureOf(error, where, known = {}) {
	const thing = error !== null && typeof error === 'object';
	const { message, stack } = textOf(error);
	const { frames } = splitStack(stripAnsi(known.stack ?? stack), stripAnsi(message));
	return {
		kind: thing && isAssertion(error) ? 'assertion' : 'error',
		...(thing ? values(error) : {}),
		...location(frames, where),
		...known,
		message: bound(stripAnsi(known.message ?? (thing ? titled(error, message) + causes(error) : message))),
		stack: frames ? bound(frames) : undefined,
	};
}

module.exports = {
	FRAME_LINE, TEXT_MAX, bound, failureOf, location, paths, print, realpath, soundJson, splitStack, stripAnsi,
};
