// Failures of Jest tests and files, from the errors as jest-circus holds them (live, with their matcher
// results) or, for other frameworks, from the texts of a finished result.
'use strict';

const path = require('path');
const { FRAME_LINE, bound, failureOf, print, splitStack, stripAnsi } = require('./failure.cjs');

const INTERNAL = /[\\/]node_modules[\\/](?:muster-adapters[\\/]|@jest[\\/]|jest-|jest[\\/]|expect[\\/]|p-limit[\\/]|co[\\/]|emittery[\\/])|\(node:|at node:|at (?:new )?Promise \(<anonymous>\)|at <anonymous>|at Generator\.next \(<anonymous>\)/;
const FRAMES = /\n\s+at \S/;
const ASSERTION = /\bexpect\(.*\)\.|AssertionError/;
const TIMEOUT = /^(?:thrown: ")?Exceeded timeout of /;

/* Frames of the project and its libraries; Jest's own say nothing about the test. */
function cleanFrames(stack) {
	const lines = stack.split('\n');
	const kept = lines.filter(line => !(FRAME_LINE.test(line) && INTERNAL.test(line)));
	return kept.some(line => FRAME_LINE.test(line)) ? kept.join('\n') : stack;
}

/* Jest's own code frame for a stack. */
function snippet(stack, context) {
	try {
		const text = stripAnsi(context.messageUtil.formatStackTrace(
			stack, context.config, { noStackTrace: false, noCodeFrame: false }, context.path));
		const lines = text.split('\n');
		const end = lines.findIndex(line => FRAME_LINE.test(line));
		const frame = lines.slice(0, end < 0 ? lines.length : end).filter(line => /\|/.test(line));
		return frame.length ? bound(frame.join('\n')) : undefined;
	} catch {
		return undefined;
	}
}

function text(value, key) {
	try {
		return typeof value?.[key] === 'string' ? value[key] : '';
	} catch {
		return '';
	}
}

/* An entry of circus' error lists: the thrown thing, or the thing and where the test was declared. */
function entryOf(entry) {
	return Array.isArray(entry) ? { thrown: entry[0], declared: entry[1] } : { thrown: entry };
}

function kindOf(thrown, hook) {
	if (hook)
		return { kind: 'hook' };
	if (typeof thrown === 'string' && TIMEOUT.test(thrown))
		return { kind: 'timeout' };
	return {};
}

/* Things that are no errors are told from messages. */
function messageOf(thrown) {
	if (typeof thrown === 'string' || text(thrown, 'message') || text(thrown, 'stack'))
		return {};
	return { message: `thrown: ${print(thrown)}` };
}

/* One failure from one or more entries: the first in full, the messages of the others behind it. */
function failureFrom(entries, context, isHook = () => false) {
	const { thrown, declared } = entryOf(entries[0]);
	const stack = text(thrown, 'stack') || text(declared, 'stack');
	const message = text(thrown, 'message');
	if (message && !text(thrown, 'stack') && FRAMES.test(message)) // node:assert, as circus prints it
		return failureFromText(message, context, { kind: 'assertion' });
	const frames = cleanFrames(splitStack(stripAnsi(stack), stripAnsi(message)).frames);
	const failure = failureOf(thrown, context.where, {
		...kindOf(thrown, isHook(thrown)), ...messageOf(thrown), stack: frames, snippet: snippet(frames, context),
	});
	const others = entries.slice(1).map(entry => failureOf(entryOf(entry).thrown, context.where).message);
	if (others.length)
		failure.message = bound([failure.message, ...others].join('\n\n'));
	return failure;
}

/* From a text as Jest prints it: message, code frame and frames in one. */
function failureFromText(value, context, known = {}) {
	const plain = stripAnsi(String(value));
	const { head, frames } = splitStack(plain, '');
	const cleaned = frames && cleanFrames(frames);
	return failureOf(
		{ message: head.replace(/^Error: /, '').trimEnd(), stack: `${head}\n${cleaned}`, name: 'Error' },
		context.where,
		{ snippet: snippet(cleaned, context), ...(ASSERTION.test(head) ? { kind: 'assertion' } : {}), ...known });
}

/* How compilers say where: file, line, column; the first that is inside the base counts. */
const PLACES = [
	/SyntaxError: (\/.+?): [^\n]*\((\d+):(\d+)\)/, // babel
	/^(\/[^\n:]+):(\d+)\n/m, // Node
	/^\s*(?:,-\[)?([^\s:[]+\.[cm]?[jt]sx?):(\d+):(\d+)/m, // TypeScript, swc
];

function compilerPlace(message, context) {
	for (const pattern of PLACES) {
		const match = pattern.exec(message);
		const file = match && context.where.inside(path.resolve(context.config.rootDir, match[1]));
		if (file)
			return { file, line: Number(match[2]), column: match[3] ? Number(match[3]) : undefined };
	}
	return null;
}

/*
 * A file that does not compile: the compiler's own words, of which Jest's advice around them is not
 * part, and no stack, which would be the compiler's.
 */
function compileFailure(message, context) {
	const place = compilerPlace(message, context);
	if (!place)
		return null;
	const details = message.split(/^\s*Details:\s*$/m).pop();
	const lines = details.split('\n');
	const framed = lines.filter(line => /^\s*>?\s*\d* \|/.test(line));
	return {
		kind: 'load',
		message: bound(lines.filter(line => !framed.includes(line)).join('\n').trim()),
		snippet: framed.length ? bound(framed.join('\n')) : undefined,
		...place,
	};
}

/* What testWorker's worker() rejected with: the file could not be loaded. */
function loadFailure(error, context) {
	const stack = stripAnsi(text(error, 'stack'));
	const message = stripAnsi(text(error, 'message'));
	const { head } = splitStack(stack, message);
	const known = { kind: 'load' };
	if (/SyntaxError|unexpected token|error TS\d|Diagnostics/.test(head) || !stack) {
		const failure = compileFailure(head || message, context);
		if (failure)
			return failure;
	}
	if (!stack)
		return failureFromText(message || error, context, known);
	if (message && stack.includes(message))
		return { ...failureFrom([error], context), ...known };
	return failureFromText(stack, context, known);
}

module.exports = { failureFrom, failureFromText, loadFailure };
