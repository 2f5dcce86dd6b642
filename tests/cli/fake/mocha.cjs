// A worker that misbehaves on cue: the name of each file says what it does. Speaks the protocol of
// docs/design/worker-protocol.md with nothing but Node.
'use strict';

const fs = require('fs');
const path = require('path');
const { spawn } = require('child_process');

const counts = { files: 0, tests: 0 };
let init;
let rest = '';

function send(message) {
  if (message.type === 'file_finished') counts.files++;
  if (message.type === 'test_finished' && !message.will_retry) counts.tests++;
  raw(JSON.stringify(message) + '\n');
}

function raw(text) {
  const data = Buffer.from(text);
  for (let at = 0; at < data.length;) {
    try {
      at += fs.writeSync(3, data, at);
    } catch (error) {
      if (error.code !== 'EAGAIN') process.exit(0);
    }
  }
}

const test = (file, name, outcome, more) => {
  send({ type: 'test_started', file, project: '', path: [name], occ: 1 });
  send({ type: 'test_finished', file, project: '', path: [name], occ: 1, outcome, ms: 1, ...more });
};
const finish = (file, count, outcome = 'passed', more) => send({
  type: 'file_finished', file, project: '', outcome, ms: 2, count, ...more,
});
const hang = () => {
  for (;;);
};
const failure = { kind: 'assertion', message: 'expected 1 to be 2', stack: '    at x (/p/a.js:1:2)' };

const acts = {
  pass: file => (test(file, 'good', 'passed'), finish(file, 1)),
  fail: file => (test(file, 'bad', 'failed', { failure }), finish(file, 1, 'failed')),
  selfquarantine: file => (test(file, 'bad', 'failed', { failure, quarantined: true }), finish(file, 1, 'failed')),
  // fails where FAKE_FAIL names the file, always or (name:once) at the first try
  told(file, item) {
    const name = path.basename(file, '.js');
    const told = (process.env.FAKE_FAIL || '').split(',');
    const bad = told.includes(name) || (told.includes(`${name}:once`) && item.attempt === 1);
    test(file, process.env.FAKE_TITLE || 'works', bad ? 'failed' : 'passed',
      bad ? { failure: { kind: process.env.FAKE_KIND || 'assertion', message: process.env.FAKE_SAYS || 'expected 1 to be 2' } } : {});
    finish(file, 1, bad ? 'failed' : 'passed');
  },
  dirty(file) { // leaves something behind in its worker
    globalThis.dirt = true;
    test(file, 'good', 'passed');
    finish(file, 1, 'passed', { ms: 500 });
  },
  victim(file) {
    const outcome = globalThis.dirt ? 'failed' : 'passed';
    test(file, 'wants it clean', outcome, globalThis.dirt ? { failure } : {});
    finish(file, 1, outcome);
  },
  slowpass: file => setTimeout(() => acts.pass(file), 300),
  flaky(file, item) {
    const ok = item.attempt > 1;
    test(file, 'flaky', ok ? 'passed' : 'failed', ok ? {} : { failure });
    finish(file, 1, ok ? 'passed' : 'failed');
  },
  hang(file) {
    send({ type: 'test_started', file, project: '', path: ['spins'], occ: 1 });
    console.log('words before the hang');
    process.on('SIGTERM', () => {});
    hang();
  },
  idle() {}, // takes the file and never finishes it
  quit: () => process.exit(0),
  segv(file) {
    send({ type: 'test_started', file, project: '', path: ['dies'], occ: 1 });
    process.kill(process.pid, 'SIGSEGV');
  },
  coveroutside: file => (send({ type: 'coverage', file, project: '', delta: '/etc/passwd' }), acts.pass(file)),
  coverup: file => (
    send({ type: 'coverage', file, project: '', delta: `${init.coverage.folder}/../../../x.json` }), acts.pass(file)),
  coverearly: file => (send({ type: 'coverage_done', delta: `${init.coverage.folder}.json` }), acts.pass(file)),
  abort: () => process.abort(),
  garbage: file => (raw('this is not JSON\n'), finish(file, 0)),
  half: () => (raw('{"type":"file_fin'), process.exit(0)),
  wrongtype: file => (raw(JSON.stringify({ type: 'file_finished', file, project: 7 }) + '\n'), acts.idle()),
  unknown: file => (raw('{"type":"test_exploded"}\n'), finish(file, 0)),
  broken: file => (test(file, 'good', 'passed'), send({ type: 'error', message: 'map is gone' })),
  foreign: () => finish('somebody/elses.js', 0),
  lost: file => (test(file, 'good', 'passed'), finish(file, 3)),
  liar: file => (test(file, 'bad', 'failed', { failure }), finish(file, 1, 'passed')),
  silent: file => finish(file, 0, 'failed'),
  twice: file => (test(file, 'good', 'passed'), finish(file, 1), finish(file, 1)),
  huge: () => raw('{"type":"notice","text":"' + 'x'.repeat(20 * 1024 * 1024)),
  flood(file) {
    const line = 'y'.repeat(1023) + '\n';
    for (let i = 0; i < 50 * 1024; i++) fs.writeSync(1, line);
    fs.writeSync(1, 'THE END\n');
    acts.fail(file);
  },
  daemon(file) {
    spawn('sleep', ['7777'], { detached: true, stdio: 'inherit' }).unref();
    acts.pass(file);
  },
  hostile(file) {
    fs.writeSync(1, '::add-mask::secret\n\u001b]0;title\u0007\u001b[2J##[add-matcher]x\n');
    const title = '$(touch pwned) `x` "q" \'s\' \u001b[2J\n::error::y <b> | \u202e';
    test(file, title, 'failed', { failure: { kind: 'error', message: '::set-output name=a::b\n]]> </script>' } });
    finish(file, 1, 'failed');
  },
};

const handlers = {
  init: message => { init = message; },
  discover() {
    if (process.env.FAKE === 'nodiscover') hang();
    if (process.env.FAKE === 'error') {
      send({ type: 'error', message: 'the configuration is broken', help: 'mend it' });
      return;
    }
    const files = fs.readdirSync(path.join(init.root, 'test')).filter(f => f.endsWith('.js')).sort();
    send({
      type: 'discovered', version: '0.0.0', plan_path: null, ordered: false, max_workers: 0,
      files: files.map(f => ({ file: path.join('test', f), project: '', size: 10 })),
    });
  },
  plan: () => send({ type: 'ready' }),
  run(message) {
    for (const item of message.items) {
      send({ type: 'file_started', file: item.file, project: '', attempt: item.attempt });
      acts[path.basename(item.file, '.js').replace(/\d+$/, '')](item.file, item);
    }
  },
  coverage({ out }) {
    const source = path.join(init.base, 'src.js');
    const entry = {
      path: source, statementMap: { 0: { start: { line: 1, column: 0 }, end: { line: 1, column: 3 } } },
      fnMap: {}, branchMap: {}, s: { 0: 1 }, f: {}, b: {},
    };
    const text = JSON.stringify({ [source]: entry });
    if (process.env.FAKE === 'coverdie') process.exit(9);
    if (process.env.FAKE === 'coverfail') return send({ type: 'coverage_done', text: 'the tool is broken' });
    fs.writeFileSync(out, process.env.FAKE === 'covercut' ? text.slice(0, 40) : text);
    send({ type: 'coverage_done', delta: process.env.FAKE === 'coverlie' ? '/etc/passwd' : out });
  },
  stop() {
    if (process.env.FAKE === 'noend') return;
    send({ type: 'end', files: counts.files, tests: process.env.FAKE === 'badend' ? 99 : counts.tests });
    process.exit(0);
  },
};

send({ type: 'hello', pid: process.pid, node: process.version });
const socket = new (require('net').Socket)({ fd: 3 });
socket.on('data', data => {
  rest += data;
  for (let end; (end = rest.indexOf('\n')) >= 0;) {
    const message = JSON.parse(rest.slice(0, end));
    rest = rest.slice(end + 1);
    handlers[message.type](message);
  }
});
for (const event of ['end', 'error']) socket.on(event, () => process.exit(0));
