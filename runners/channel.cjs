// The adapters' end of the worker protocol (docs/design/worker-protocol.md): NDJSON on fd 3.
//
// Writes are synchronous, so that what was sent before a crash, a process.exit() or a blocked event
// loop has left the process, in order. Everything that tests may replace (fs, timers, JSON, process) is
// taken when this file is loaded, before any test code.
'use strict';

const net = require('net');
const { writeSync, readSync } = require('fs');
const { performance } = require('perf_hooks');
const failure = require('./failure.cjs');

const CHANNEL_FD = 3;
const LINE_MAX = 16 * 1024 * 1024;
const READ_CHUNK = 64 * 1024;
const SOON_MAX = 64 * 1024;
const SOON_MS = 2;
const RSS_MS = 50;

const { bound, soundJson } = failure;
const { parse, stringify } = JSON;
const { setTimeout } = globalThis;
const exit = process.exit.bind(process);
const memoryUsage = process.memoryUsage;
const performanceNow = performance.now.bind(performance);
const { wait } = Atomics;
const rss = { at: -Infinity, kb: 0 };
const sleepCell = new Int32Array(new SharedArrayBuffer(4));
const binding = fsBinding();
const writeBuffer = binding?.writeBuffer;

/* Milliseconds with decimals, monotonic; not affected by fake timers. */
function now() {
	return performanceNow();
}

/* Difference to `since` in ms with three decimals. */
function elapsed(since) {
	return Math.round((performanceNow() - since) * 1000) / 1000;
}

/* Of this process, at most RSS_MS old: the kernel takes a third of a millisecond to tell. */
function rssKb() {
	const at = performanceNow();
	if (at - rss.at > RSS_MS) {
		rss.kb = Math.round(memoryUsage.rss() / 1024);
		rss.at = at;
	}
	return rss.kb;
}

/* ---- out ---- */

let waiting = '';
let files = 0;
let tests = 0;

/* What is below fs, which mock-fs puts a file system of its own in the place of; undefined where it cannot either. */
function fsBinding() {
	const { noDeprecation } = process;
	try {
		process.noDeprecation = true; // --pending-deprecation would tell of it in the project's output
		return process.binding('fs');
	} catch {
		return undefined;
	} finally {
		process.noDeprecation = noDeprecation;
	}
}

/* fs.writeSync, also while tests have replaced the file system below fs: theirs has no such descriptor. */
function writeReally(buffer, at) {
	const mocked = binding?.writeBuffer;
	if (mocked === writeBuffer)
		return writeSync(CHANNEL_FD, buffer, at, buffer.length - at);
	binding.writeBuffer = writeBuffer;
	try {
		return writeSync(CHANNEL_FD, buffer, at, buffer.length - at);
	} finally {
		binding.writeBuffer = mocked;
	}
}

function writeAll(buffer) {
	for (let at = 0; at < buffer.length;) {
		try {
			at += writeReally(buffer, at);
		} catch (error) {
			if (error.code === 'EAGAIN')
				wait(sleepCell, 0, 0, 1);
			else if (error.code !== 'EINTR')
				exit(1); // EPIPE: the engine is gone
		}
	}
}

/* Drop what makes a line too long; a message that lost its texts is better than a lost message. */
function shorten(message) {
	return stringify(message, (key, value) =>
		typeof value === 'string' && value.length > 4096 ? bound(value, 4096) : value);
}

function append(type, fields) {
	let line = soundJson(stringify({ type, ...fields }));
	if (line.length > LINE_MAX / 4 && Buffer.byteLength(line) >= LINE_MAX)
		line = soundJson(shorten({ type, ...fields }));
	waiting += line + '\n';
	if (type === 'file_finished')
		files++;
	else if (type === 'test_finished' && !fields.will_retry)
		tests++;
}

function flush() {
	const text = waiting;
	waiting = '';
	if (text)
		writeAll(Buffer.from(text));
}

/* Has left the process when this returns. */
function send(type, fields) {
	append(type, fields);
	flush();
}

/*
 * Leaves with the next send(), in 2 ms, or when the process exits: half of the system calls where
 * another message is sure to follow, a few turns of the event loop later (Mocha takes several from one
 * test to the next). Only a process that is killed by a signal before can lose it.
 */
function sendSoon(type, fields) {
	if (!waiting)
		setTimeout(flush, SOON_MS).unref();
	append(type, fields);
	if (waiting.length > SOON_MAX)
		flush();
}

process.on('exit', flush);

/*
 * On a terminal or into a file what tests print is written when they print it; into a pipe Node makes
 * the descriptor non-blocking and queues: a flood fills the memory of the worker, process.exit() loses
 * it, and a test's own fs.writeSync(1) gets EAGAIN. So the pipes are made to block, too.
 */
for (const stream of [process.stdout, process.stderr])
	stream._handle?.setBlocking?.(true);

/* The last message; the caller exits afterwards. */
function end() {
	send('end', { files, tests });
}

/* Where it went wrong in the project's code or its tools; our own steps say nothing to people. */
function stackOf(error) {
	const lines = String(error.stack ?? '').split('\n');
	const isFrame = line => /^\s+at /.test(line);
	const foreign = lines.filter(line => isFrame(line) && !line.includes(__dirname) && !/[( ](?:node:|<anonymous>)/.test(line));
	const rest = lines.filter(line => !isFrame(line) || !line.includes(__dirname));
	return foreign.length ? bound(rest.join('\n')) : undefined;
}

/* This suite cannot run. */
function fail(error, help, code) {
	const thrown = error !== null && typeof error === 'object';
	send('error', {
		message: bound(thrown ? String(error.message || error) : String(error)),
		stack: thrown ? stackOf(error) : undefined,
		help,
		code,
	});
}

/* ---- in ---- */

let pending = Buffer.alloc(0);
const messages = [];
const waiters = [];
let socket = null;

function takeLines(chunk) {
	pending = pending.length ? Buffer.concat([pending, chunk]) : chunk;
	let start = 0;
	for (let at; (at = pending.indexOf(10, start)) >= 0; start = at + 1)
		if (at > start)
			messages.push(parse(pending.toString('utf8', start, at)));
	pending = pending.subarray(start);
	while (waiters.length && messages.length)
		waiters.shift()(messages.shift());
}

function open() {
	socket = new net.Socket({ fd: CHANNEL_FD, readable: true, writable: false });
	socket.on('data', takeLines);
	for (const name of ['end', 'error', 'close'])
		socket.on(name, () => exit(1));
}

/* The next message from the engine. When the engine is gone the process ends. */
function next() {
	if (!socket)
		open();
	if (messages.length)
		return Promise.resolve(messages.shift());
	return new Promise(resolve => waiters.push(resolve));
}

/* The first waiting message, left where it is; undefined when there is none. */
function peek() {
	return messages[0];
}

/* The same, blocking the event loop: for what must be known before a framework loads. */
function nextSync() {
	const chunk = Buffer.allocUnsafe(READ_CHUNK);
	while (!messages.length) {
		let got;
		try {
			got = readSync(CHANNEL_FD, chunk, 0, chunk.length, null);
		} catch (error) {
			if (error.code !== 'EAGAIN' && error.code !== 'EINTR')
				exit(1);
			wait(sleepCell, 0, 0, 2);
			continue;
		}
		if (got === 0)
			exit(1);
		takeLines(Buffer.from(chunk.subarray(0, got)));
	}
	return messages.shift();
}

/* Resolves when what was printed has left the process: a child that shares the pipe may have made it
 * non-blocking again, and it must be on its way before the end of the file is told. */
async function printed() {
	for (const stream of [process.stdout, process.stderr])
		if (stream.writableLength > 0 && !stream.destroyed)
			/* not stream.write: tests put their own in its place */
			await new Promise(resolve => net.Socket.prototype.write.call(stream, '', resolve));
}

const OLDEST_NODE = 18;

if (Number.parseInt(process.versions.node, 10) < OLDEST_NODE) {
	fail(new Error(`Node ${process.versions.node} is too old: tests run in Node ${OLDEST_NODE} or newer`),
		'the first `node` in PATH is taken; node --version tells which one that is', 'infrastructure');
	exit(1);
}

module.exports = {
	elapsed, end, exit, fail, next, nextSync, now, peek, printed, rssKb, send, sendSoon,
	...failure,
	...require('./selection.cjs'),
};
