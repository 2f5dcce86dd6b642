// A worker that misbehaves on cue: the name of each file says what it does. Speaks the protocol of
// docs/design/worker-protocol.md with nothing but Node.
'use strict';

const fs = require('fs');
const path = require('path');
const { spawn } = require('child_process');

const batch = path.basename(process.argv[1]) === 'playwright.cjs'; // one process takes the whole suite
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
// A second worker of this suite has begun a file.
const isSpread = () => new Set(fs.readFileSync(path.join(init.base, '.muster/latest/journal.ndjson'), 'utf8').split('\n')
  .filter(line => line.includes('"file_started"') && line.includes(`"suite":"${init.suite}"`))
  .map(line => /"worker":\d+/.exec(line)?.[0])).size > 1;
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
  pair(file) { // two tests at a time; dies under them, once in a project
    const died = path.join(init.root, 'died');
    for (const name of ['one', 'two']) send({ type: 'test_started', file, project: '', path: [name], occ: 1 });
    if (!fs.existsSync(died)) {
      fs.writeFileSync(died, '');
      process.kill(process.pid, 'SIGSEGV');
    }
    for (const name of ['one', 'two']) test(file, name, 'passed');
    finish(file, 2);
  },
  mark: file => (fs.appendFileSync(path.join(init.root, 'marks'), `${path.basename(file, '.js')}\n`), acts.pass(file)),
  hold(file) { // until all marks of the project are there
    const marks = path.join(init.root, 'marks');
    const all = fs.readdirSync(path.join(init.root, 'test')).filter(f => f.startsWith('mark')).length;
    const seen = fs.existsSync(marks) ? fs.readFileSync(marks, 'utf8').split('\n').length - 1 : 0;
    if (seen < all) setTimeout(() => acts.hold(file), 20);
    else acts.pass(file);
  },
  dirty(file) { // leaves something behind in its worker
    globalThis.dirt = !process.env.FAKE_MENDED;
    test(file, 'good', 'passed');
    finish(file, 1, 'passed', { ms: 500 });
  },
  victim(file) {
    const outcome = globalThis.dirt ? 'failed' : 'passed';
    test(file, 'wants it clean', outcome, globalThis.dirt ? { failure } : {});
    finish(file, 1, outcome);
  },
  // its title is a variable of its environment, or node's flags
  asks(file) {
    test(file, String(process.env.FAKE_ASKS ? process.env[process.env.FAKE_ASKS] : process.execArgv), 'passed');
    finish(file, 1);
  },
  // its title is what it holds of ours: sockets, pipes that Node has not made, files of .muster
  holds(file) {
    const held = fs.readdirSync('/proc/self/fd').map(Number).filter(fd => {
      try {
        const to = fs.readlinkSync(`/proc/self/fd/${fd}`);
        return /^socket:|\.muster/.test(to) || (fd <= 3 && /^pipe:/.test(to));
      } catch {
        return false;
      }
    });
    test(file, held.sort((a, b) => a - b).join(' '), 'passed');
    finish(file, 1);
  },
  big: file => (test(file, 'good', 'passed'), finish(file, 1, 'passed', { rss_kb: 2 ** 40 })),
  // eight tests of a second each, or those that it is told to run; one may break, each may need the one before
  long(file, item) {
    const is = name => t => t.path[0] === name;
    const names = Array.from({ length: 8 }, (_, i) => `step ${i}`)
      .filter(name => (item.only ? item.only.some(is(name)) : !item.except?.some(is(name))));
    let before = -1, failed = 0;
    for (const name of names) {
      const i = Number(name.slice(5));
      const bad = process.env.FAKE_BREAKS === name || Boolean(process.env.FAKE_CHAIN && before !== i - 1);
      failed += bad;
      before = i;
      test(file, name, bad ? 'failed' : 'passed', { ms: 1000, ...(bad ? { failure } : {}) });
    }
    finish(file, names.length, failed ? 'failed' : 'passed', { ms: names.length * 1000 });
  },
  // five seconds, it says; from the fourth on only once the suite has a second worker
  grows(file) {
    if (Number(/\d+/.exec(file)[0]) > 13 && !isSpread()) return void setTimeout(acts.grows, 20, file);
    test(file, 'good', 'passed', { ms: 5000 });
    finish(file, 1, 'passed', { ms: 5000 });
  },
  again: file => (init.pending?.length ? acts.pass(file) : acts.idle()), // a batch: only in a second process
  broken: file => send({ type: 'load_failed', file, message: 'Unexpected token', line: 3, column: 1 }),
  late: file => (acts.broken('test/unseen.js'), acts.pass(file)),
  retried(file) { // a batch tries again by itself
    for (let i = 0; i < 12; i++) test(file, `bad ${i}`, 'failed', { failure, will_retry: true });
    for (let i = 0; i < 12; i++) test(file, `bad ${i}`, 'failed', { failure, attempt: 2 });
    finish(file, 12, 'failed');
  },
  afirst(file) {
    if (process.env.FAKE_APART && !isSpread()) return void setTimeout(acts.afirst, 20, file);
    globalThis.first = true;
    acts.pass(file);
  },
  needsfirst(file) {
    const ok = Boolean(globalThis.first);
    test(file, 'comes later', ok ? 'passed' : 'failed', ok ? {} : { failure });
    finish(file, 1, ok ? 'passed' : 'failed');
  },
  wantsfirst: file => acts.needsfirst(file), // a name that sorts later
  says(file) { // whatever it is told to say, in place of its result
    send({ file, project: '', ...JSON.parse(process.env.FAKE_MESSAGE) });
    acts.pass(file);
  },
  empty: file => finish(file, 0),
  vague: file => (test(file, 'good', 'passed'), finish(file, 1, 'passed', { outcome: undefined, ms: undefined })),
  slowpass: file => new Promise(done => setTimeout(() => done(acts.pass(file)), 300)),
  waits: file => send({ type: 'test_started', file, project: '', path: ['for ever'], occ: 1 }),
  touches: file => (send({ type: 'coverage', file, project: '', text: 'src.js' }), acts.pass(file)),
  delta(file) {
    fs.writeFileSync(`${init.coverage.folder}/1.json`, '{}');
    send({ type: 'coverage', file, project: '', delta: `${init.coverage.folder}/1.json`, text: '' });
    acts.pass(file);
  },
  odd(file) { // fails at every second try
    const log = path.join(init.base, 'odd.log');
    fs.appendFileSync(log, 'x');
    const outcome = fs.statSync(log).size % 2 ? 'failed' : 'passed';
    test(file, 'now and then', outcome, outcome === 'failed' ? { failure } : {});
    finish(file, 1, outcome);
  },
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
  killed: () => process.kill(process.pid, 'SIGKILL'),
  garbage: file => (raw('this is not JSON\n'), finish(file, 0)),
  half: () => (raw('{"type":"file_fin'), process.exit(0)),
  wrongtype: file => (raw(JSON.stringify({ type: 'file_finished', file, project: 7 }) + '\n'), acts.idle()),
  unknown: file => (raw('{"type":"test_exploded"}\n'), finish(file, 0)),
  unable: file => (test(file, 'good', 'passed'), send({ type: 'error', message: 'map is gone' })),
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

const answers = {
  init(message) {
    init = message;
    if (process.env.FAKE === 'dies') {
      console.error('no licence was found');
      process.exit(3);
    }
    if (process.env.FAKE === 'killed') process.kill(process.pid, 'SIGKILL');
  },
  discover() {
    if (process.env.FAKE === 'nodiscover') hang();
    if (process.env.FAKE === 'error') {
      send({ type: 'error', message: 'the configuration is broken', stack: '    at mocharc.js:3:1', help: 'mend it' });
      return;
    }
    const files = fs.readdirSync(path.join(init.root, 'test')).filter(f => f.endsWith('.js')).sort();
    send({
      type: 'discovered', version: '0.0.0', plan_path: null, ordered: false, max_workers: 0,
      files: files.map(f => ({ file: path.join(path.relative(init.base, init.root), 'test', f), project: '', size: 10 })),
      ...JSON.parse(process.env.FAKE_DISCOVERED || '{}'),
    });
  },
  plan(message) {
    for (const [name, value] of Object.entries(message.env)) {
      if (value === null) delete process.env[name];
      else process.env[name] = value;
    }
    send({ type: 'ready' });
  },
  setup() {
    if (process.env.FAKE === 'setupdies') process.exit(4);
    if (process.env.FAKE === 'setuplist') return send({ type: 'setup_done', env: [null] });
    send({ type: 'setup_done', env: { FROM_SETUP: 'is up', FAKE_GONE: null } });
  },
  teardown() {
    fs.writeFileSync(path.join(init.base, 'torn.down'), '');
    send({ type: 'teardown_done' });
  },
  no_retries: () => fs.writeFileSync(path.join(init.base, 'no.retries'), ''),
  async run(message) {
    if (process.env.FAKE === 'dump') fs.writeFileSync(path.join(init.base, 'run.json'), JSON.stringify({ ...message, init }));
    // before it has started any of them: the first FAKE_DIES times
    const dies = process.env.FAKE_DIES;
    if (dies) fs.appendFileSync(path.join(init.base, 'dies.log'), 'x');
    if (dies && fs.statSync(path.join(init.base, 'dies.log')).size <= Number(dies)) process.exit(1);
    const running = message.items.map(item => {
      send({ type: 'file_started', file: item.file, project: '', attempt: item.attempt });
      return acts[path.basename(item.file, '.js').replace(/\d+$/, '')](item.file, item);
    });
    if (!batch) return;
    await Promise.all(running);
    if (init.coverage) answers.coverage({ out: `${init.coverage.folder}.json` });
    send({ type: 'run_done', id: message.id, again: !init.pending?.length && message.items.some(i => /again/.test(i.file)) });
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
    const count = process.env.FAKE === 'coverlost' ? 2 : 0;
    send({ type: 'coverage_done', count, delta: process.env.FAKE === 'coverlie' ? '/etc/passwd' : out });
  },
  stop() {
    if (process.env.FAKE === 'noend') return;
    if (process.env.FAKE === 'leaves') process.exit(5);
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
    answers[message.type](message);
  }
});
for (const event of ['end', 'error']) socket.on(event, () => process.exit(0));
