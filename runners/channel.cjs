// What all adapters share: the channel to the engine, test selection, occurrence numbers, failures.
// Everything that tests may stub (timers, fs, process.exit) is taken here, before they are loaded.
'use strict';

const fs = require('fs');
const net = require('net');
const path = require('path');

const FD = 3;
const TEXT_MAX = 64 * 1024;
const { writeSync, readSync } = fs;
const exitNow = process.reallyExit ? process.reallyExit.bind(process) : process.exit.bind(process);
const now = process.hrtime.bigint;
const stringify = JSON.stringify;
const parse = JSON.parse;
const sleepCell = new Int32Array(new SharedArrayBuffer(4));
const sleep = ms => Atomics.wait(sleepCell, 0, 0, ms);

const counts = { files: 0, tests: 0 };
const queue = [];
const waiters = [];
let socket = null;
let rest = '';

// Written at once: what was sent survives a crash of this process, and keeps its order.
function send(message) {
  if (message.type === 'file_finished') counts.files++;
  else if (message.type === 'test_finished' && !message.will_retry) counts.tests++;
  const data = Buffer.from(stringify(message) + '\n');
  let at = 0;
  while (at < data.length) {
    try {
      at += writeSync(FD, data, at);
    } catch (error) {
      if (error.code === 'EAGAIN') sleep(1);
      else exitNow(0); // the engine is gone
    }
  }
}

function feed(text) {
  rest += text;
  let end;
  while ((end = rest.indexOf('\n')) >= 0) {
    queue.push(parse(rest.slice(0, end)));
    rest = rest.slice(end + 1);
  }
  while (waiters.length && queue.length) waiters.shift()(queue.shift());
}

function open() {
  socket = new net.Socket({ fd: FD, readable: true, writable: true });
  socket.setEncoding('utf8');
  socket.on('data', feed);
  for (const event of ['end', 'error', 'close']) socket.on(event, () => exitNow(0));
}

// The next message. Keeps the process alive while waiting, and only then.
function next() {
  if (!socket) open();
  if (queue.length) return Promise.resolve(queue.shift());
  socket.ref();
  return new Promise(resolve => waiters.push(message => {
    socket.unref();
    resolve(message);
  }));
}

// The next message, blocking this thread: for places that cannot wait otherwise.
function nextSync() {
  const buffer = Buffer.alloc(64 * 1024);
  while (!queue.length) {
    let n = 0;
    try {
      n = readSync(FD, buffer, 0, buffer.length, null);
      if (n === 0) exitNow(0);
    } catch (error) {
      if (error.code !== 'EAGAIN') exitNow(0);
      sleep(5);
      continue;
    }
    feed(buffer.toString('utf8', 0, n));
  }
  return queue.shift();
}

function end() {
  send({ type: 'end', files: counts.files, tests: counts.tests });
  exitNow(0);
}

// ---- paths ------------------------------------------------------------------------------------

let base = process.cwd();
let baseReal = base;

function setBase(dir) {
  base = dir;
  try {
    baseReal = fs.realpathSync(dir);
  } catch {
    baseReal = dir;
  }
}

function relative(file) {
  const direct = path.relative(base, file);
  if (!direct.startsWith('..')) return direct;
  const real = path.relative(baseReal, file);
  return real.startsWith('..') ? direct : real;
}

// ---- selection --------------------------------------------------------------------------------

const key = (titles, occ) => titles.join('\u0000') + '\u0000#' + occ;

// (titles, occ) => selected? `only` is a list of {path, occ} or null, `test` a regular expression or
// null. Null when everything is selected.
function matcher(test, only) {
  if (!test && !only) return null;
  const wanted = only && new Set(only.map(t => key(t.path, t.occ || 1)));
  const regex = test ? new RegExp(test) : null;
  return (titles, occ) => {
    if (wanted && !wanted.has(key(titles, occ))) return false;
    if (!regex) return true;
    const suffix = occ > 1 ? ' #' + occ : '';
    return regex.test(titles.join(' \u203a ') + suffix) || regex.test(titles.join(' ') + suffix);
  };
}

// Numbers tests that share a title path: 1 for the first, 2 for the next.
function occurrences() {
  const seen = new Map();
  return titles => {
    const k = titles.join('\u0000');
    const n = (seen.get(k) || 0) + 1;
    seen.set(k, n);
    return n;
  };
}

// ---- failures ---------------------------------------------------------------------------------

const clip = text => {
  if (text === undefined || text === null) return undefined;
  const s = String(text);
  return s.length > TEXT_MAX ? s.slice(0, TEXT_MAX) + '\u2026' : s;
};

// First frame in the project's own code.
function location(stack) {
  for (const line of String(stack || '').split('\n')) {
    const m = /\(?((?:file:\/\/)?\/[^():]+):(\d+):(\d+)\)?\s*$/.exec(line);
    if (!m || line.includes('/node_modules/') || line.includes('node:internal')) continue;
    const file = m[1].replace(/^file:\/\//, '');
    const shown = relative(file);
    if (!shown.startsWith('..')) return { file: shown, line: +m[2], column: +m[3] };
  }
  return {};
}

// "Error: text\n    at …" into its two halves.
function splitStack(text) {
  const s = String(text === undefined ? '' : text);
  const at = s.search(/^\s+at .*:\d+|^\s+at \S+ \(/m);
  return at < 0 ? [s.trimEnd(), undefined] : [s.slice(0, at).trimEnd(), s.slice(at).trimEnd()];
}

function failure(kind, text, more) {
  const [message, stack] = splitStack(text);
  return {
    kind,
    message: clip(message) || 'failed without a message',
    stack: clip(stack),
    ...location(stack),
    ...more,
  };
}

// From a thrown value of any kind.
function failureOf(kind, error, more) {
  if (error instanceof Object && (error.stack || error.message)) {
    const name = error.name && error.name !== 'Error' ? error.name + ': ' : '';
    const message = String(error.message || '');
    const stack = String(error.stack || '');
    const [, frames] = splitStack(stack);
    return {
      kind,
      message: clip(name + message) || clip(stack.split('\n')[0]) || 'failed without a message',
      stack: clip(frames),
      ...location(stack),
      ...more,
    };
  }
  return { kind, message: clip('thrown: ' + String(error)), ...more };
}

const milliseconds = since => Math.round(Number(now() - since) / 1000) / 1000;

module.exports = {
  send, next, nextSync, end, exitNow, setBase, relative, matcher, occurrences, clip, failure,
  failureOf, splitStack, location, now, milliseconds, key,
};
