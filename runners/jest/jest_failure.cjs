// Failures of Jest tests and files, from the errors as jest-circus holds them (live, with their matcher
// results) or, for other frameworks, from the texts of a finished result.
'use strict';

const { FRAME_LINE, bound, failureOf, splitStack, stripAnsi } = require('./failure.cjs');

const INTERNAL = /[\\/]node_modules[\\/](?:muster-adapters[\\/]|@jest[\\/]|jest-|jest[\\/]|expect[\\/]|p-limit[\\/]|co[\\/]|emittery[\\/])|\(node:|at node:|at (?:new )?Promise \(<anonymous>\)|at <anonymous>|at Generator\.next \(<anonymous>\)/;
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

/* One failure from one or more entries: the first in full, the messages of the others behind it. */
function failureFrom(entries, context, isHook = () => false) {
	const { thrown, declared } = entryOf(entries[0]);
	const stack = text(thrown, 'stack') || text(declared, 'stack');
	const message = text(thrown, 'message');
	const frames = cleanFrames(splitStack(stripAnsi(stack), stripAnsi(message)).frames);
	const failure = failureOf(thrown, context.where, {
		...kindOf(thrown, isHook(thrown)), stack: frames, snippet: snippet(frames, context),
	});
	// node:assert failures arrive with Jest's text in place of a message, colours and all.
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
		{ snippet: snippet(cleaned, context), ...known });
}

/* What testWorker's worker() rejected with: the file could not be loaded. */
function loadFailure(error, context) {
	const stack = text(error, 'stack');
	const message = text(error, 'message');
	const known = { kind: 'load' };
	if (!stack)
		return failureFromText(message || error, context, known);
	if (message && stripAnsi(stack).includes(stripAnsi(message)))
		return { ...failureFrom([error], context), ...known };
	return failureFromText(stack, context, known);
}

module.exports = { failureFrom, failureFromText, loadFailure };
