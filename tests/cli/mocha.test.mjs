// Real Mocha: what serial Mocha shares between files, and what goes wrong inside them.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { environment, folder, here, journal, run, summary } from './support.mjs';

const modules = path.join(here, '../fixtures/mixed/node_modules');

function suite(files, script = 'mocha') {
  const dir = folder({ 'package.json': JSON.stringify({ name: 'm', scripts: { test: script } }), ...files });
  fs.symlinkSync(modules, path.join(dir, 'node_modules'));
  return dir;
}

// "title" -> outcome as Mocha itself tells it
function alone(dir, args = []) {
  const done = spawnSync('node', ['node_modules/mocha/bin/mocha.js', '--reporter', 'json', ...args], {
    cwd: dir, env: environment(), encoding: 'utf8',
  });
  const report = JSON.parse(done.stdout.slice(done.stdout.indexOf('{\n  "stats"')));
  const result = {};
  for (const t of report.passes) result[t.fullTitle] = 'passed';
  for (const t of report.pending) result[t.fullTitle] = 'skipped';
  for (const t of report.failures) result[t.fullTitle] = 'failed';
  return result;
}

function ours(dir) {
  const result = {};
  for (const e of journal(dir)) {
    if (e.type === 'test_finished' && !e.will_retry) result[e.path.join(' ')] = e.outcome;
  }
  return result;
}

const same = (dir, args) => {
  const done = run(dir, ['--no-fail-fast', '-j2']);
  assert.deepEqual(ours(dir), alone(dir, args), done.out + done.err);
  return done;
};

const cases = {
  'hooks outside of any describe reach all files': {
    'test/a.js': 'beforeEach(() => { globalThis.hooked = true; }); it("a", () => { if (!hooked) throw 1; });',
    'test/b.js': 'it("b", () => { if (!globalThis.hooked) throw new Error("no hook"); });',
  },
  '.only in one file leaves out the others': {
    'test/a.js': 'describe.only("a", () => { it("runs", () => {}); });',
    'test/b.js': 'it("b", () => {});',
  },
  'files that depend on those before them': {
    'test/a.js': 'it("a", () => { globalThis.made = 1; });',
    'test/b.js': 'it("b", () => { if (!globalThis.made) throw new Error("not made"); });',
    'test/c.js': 'it("c", () => {});',
  },
  'failures of all kinds': {
    'test/a.js': `
      const assert = require('assert');
      it('differs', () => assert.equal(1, 2));
      it('throws a string', () => { throw 'text'; });
      it('throws nothing', () => Promise.reject(undefined));
      it('times out', function (done) { this.timeout(50); });
      it('fails later', done => { setTimeout(() => { throw new Error('late'); }, 5); });
      it('skips itself', function () { this.skip(); });
      describe('with a hook', () => { before(() => { throw new Error('hook'); }); it('never', () => {}); });
      describe('with an each hook', () => { beforeEach(() => { throw new Error('each'); }); it('never', () => {}); });
      it('passes after all that', () => {});`,
    'test/b.js': 'it("b", () => {});',
  },
  'a file system of the tests below fs, as mock-fs puts it there': {
    'test/a.js': `
      const fs = require('fs'), binding = process.binding('fs'), { writeBuffer, writeString } = binding;
      const refuse = () => { throw Object.assign(new Error('EBADF, bad file descriptor'), { code: 'EBADF' }); };
      before(() => { Object.assign(binding, { writeBuffer: refuse, writeString: refuse }); });
      after(() => { Object.assign(binding, { writeBuffer, writeString }); });
      it('is in place', () => require('assert').throws(() => fs.writeSync(1, Buffer.from('x')), /EBADF/));
      it('stays in place', () => require('assert').throws(() => fs.writeSync(1, Buffer.from('x')), /EBADF/));
      it('fails', () => { throw new Error('no'); });`,
    'test/b.js': 'it("b", () => {});',
  },
  'work that a file sets going while it loads': {
    'test/a.js': `
      let hash;
      require('crypto').pbkdf2('a', 'b', 20000, 64, 'sha512', (error, result) => { hash = result; });
      it('is done', () => { if (!hash) throw new Error('too early'); });`,
    'test/b.js': 'for (const end = Date.now() + 1500; Date.now() < end;); it("b", () => {});',
  },
  'options of two words': {
    '.mocharc.json': '{"check-leaks": true, "async-only": true, "forbid-pending": true, "global": ["known*"]}',
    'test/a.js': `
      it('leaks', async () => { leaked = 1; });
      it('may', async () => { knownHere = 1; });
      it('is not asynchronous', () => {});
      it.skip('is left out', () => {});`,
    'test/b.js': 'it("b", async () => {});',
  },
  '.only in a comment and in a string': {
    'test/a.js': '// it.only(\nconst text = "describe.only("; it("a", () => {});',
    'test/b.js': 'it("b", () => { throw new Error("ran"); });',
  },
  'a trace as long as it is': {
    'test/a.js': 'it("a", () => { if (Error.stackTraceLimit !== Infinity) throw new Error("short"); });',
  },
  'ES modules': {
    'test/a.mjs': 'import assert from "node:assert"; it("a", () => assert.ok(import.meta.url));',
    'test/b.cjs': 'it("b", () => {});',
    '.mocharc.json': '{"spec": "test/*"}',
  },
};

for (const [name, files] of Object.entries(cases)) test(name, () => same(suite(files)));

test('a suite that depends on its order is told, and stays in one process from then on', () => {
  const dir = suite(cases['files that depend on those before them']);
  const first = run(dir, ['-j2']);
  assert.equal(first.code, 0, first.out);
  const told = /run again in one process/.test(first.out);
  const second = run(dir, ['-j2']);
  assert.equal(second.code, 0);
  if (told) assert.doesNotMatch(second.out, /run again in one process/);
});

test('what is running when such a suite starts over clears up behind itself', () => {
  // right in one process, in order; in any other way one of them fails while another is in its room
  const counts = place => `describe('${place}', () => {
    beforeEach(() => require('fs').mkdirSync('room-${place}'));
    afterEach(() => require('fs').rmdirSync('room-${place}'));
    it('counts', done => {
      const seen = globalThis.seen || 0;
      globalThis.seen = seen + 1;
      setTimeout(() => done(seen === ${place} ? undefined : new Error('others are missing')), 600);
    });
  });`;
  const dir = suite({
    'muster.yaml': 'suites: [{name: a, runner: mocha, root: a}, {name: b, runner: mocha, root: b}]',
    'a/package.json': '{}', 'b/package.json': '{}', 'b/test/b.js': 'it("b", () => {});',
    ...Object.fromEntries([0, 1, 2, 3].map(place => [`a/test/t${place}.js`, counts(place)])),
  });
  const done = run(dir, ['-j4', '--no-fail-fast']);
  assert.match(done.out, /they run again in one process/);
  assert.equal(done.code, 0, done.out);
});

test('a real failure in such a suite stays a failure', () => {
  const dir = suite({ 'test/a.js': 'it("a", () => { throw new Error("no"); });', 'test/b.js': 'it("b", () => {});' });
  assert.equal(run(dir, ['-j2']).code, 1);
  assert.equal(summary(dir).failures.length, 1);
});

for (const [option, word] of [['forbid-only', /forbidden by --forbid-only/], ['parallel', /not supported in parallel mode/]])
  test(`.only with ${option}: the file has failed`, () => {
    const dir = suite({
      '.mocharc.json': JSON.stringify({ [option]: true }),
      'test/a.js': 'it.only("a", () => {});', 'test/b.js': '// it.only(\nit("b", () => {});',
    });
    const done = run(dir, ['--no-fail-fast']);
    assert.equal(done.code, 1, done.out);
    assert.match(done.out, word);
    assert.deepEqual(ours(dir), { b: 'passed' });
  });

test('a dry run proves nothing, and errors are not let through: these options are left out', () => {
  const dir = suite({
    '.mocharc.json': '{"dry-run": true, "allow-uncaught": true}',
    'test/a.js': 'it("a", () => { throw new Error("no"); }); it("b", () => {});',
  });
  assert.equal(run(dir, ['--no-fail-fast']).code, 1);
  assert.deepEqual(ours(dir), { a: 'failed', b: 'passed' });
});

test('node flags of the configuration reach the workers', () => {
  const dir = suite({
    'test/a.js': 'it("a", () => { if (!process.execArgv.includes("--expose-gc") || !globalThis.gc) throw new Error(process.execArgv); });',
    '.mocharc.json': '{"node-option": ["expose-gc"]}',
  });
  assert.equal(run(dir, []).code, 0, run(dir, []).out);
});

test('global fixtures run once, in the process of the tests', () => {
  const dir = suite({
    'fixtures.js': `
      const fs = require('fs');
      exports.mochaGlobalSetup = () => { globalThis.server = 1; fs.appendFileSync('log', 'up '); };
      exports.mochaGlobalTeardown = () => fs.appendFileSync('log', 'down ');`,
    'test/a.js': 'it("a", () => { if (!globalThis.server) throw new Error("no server"); });',
    'test/b.js': 'it("b", () => { if (!globalThis.server) throw new Error("no server"); });',
    '.mocharc.json': '{"require": "./fixtures.js"}',
  });
  const done = run(dir, ['-j2']);
  assert.equal(done.code, 0, done.out);
  assert.equal(fs.readFileSync(path.join(dir, 'log'), 'utf8'), 'up down ');
});

test('retries of muster run the failed tests only, with the file loaded afresh', () => {
  const dir = suite({
    'test/a.js': `
      const fs = require('fs');
      it('counts', () => fs.appendFileSync('log', 'x'));
      it('is flaky', () => { if (!fs.existsSync('once')) { fs.writeFileSync('once', ''); throw new Error('first'); } });`,
  });
  const done = run(dir, ['--retries', '2']);
  assert.equal(done.code, 0, done.out);
  assert.equal(fs.readFileSync(path.join(dir, 'log'), 'utf8'), 'x');
  assert.equal(summary(dir).tests.flaky, 1);
});

test('mocha is not installed: what to do', () => {
  const dir = folder({ 'package.json': '{"scripts":{"test":"mocha"}}', 'test/a.js': '' });
  const { code, out } = run(dir, []);
  assert.equal(code, 2);
  assert.match(out, /mocha is not installed/);
  assert.match(out, /npm install --save-dev mocha/);
  assert.doesNotMatch(out, /^ {4}at /m, 'steps of our own say nothing');
});

/* ---- several files in one instance of Mocha ---- */

const note = word => `require("fs").appendFileSync("log", ${JSON.stringify(`${word} `)});`;
const log = dir => {
  const text = fs.readFileSync(path.join(dir, 'log'), 'utf8');
  fs.rmSync(path.join(dir, 'log'));
  return text;
};
const noting = (names, more = {}) => ({
  ...Object.fromEntries(names.map(name => [`test/${name}.js`,
    `${note(`load-${name}`)} describe("${name}", () => { it("runs", () => { ${note(`run-${name}`)} }); });`])),
  ...more,
});
const names = Array.from({ length: 24 }, (_, i) => `f${String(i).padStart(2, '0')}`);

for (const [what, files, script] of [
  ['hooks of a module that all test files load', {
    'hooks.js': ['before', 'beforeEach', 'afterEach', 'after'].map(hook => `${hook}(() => { ${note(hook)} });`).join('\n'),
    ...Object.fromEntries(['a', 'c', 'n'].map(name => [`test/${name}.js`,
      `require("../hooks"); describe("${name}", () => { it("runs", () => { ${note(`run-${name}`)} }); });`])),
  }, 'mocha'],
  ['hooks of --require', {
    'hooks.js': `exports.mochaHooks = { ${['beforeAll', 'beforeEach', 'afterEach', 'afterAll'].map(hook => `${hook}() { ${note(hook)} }`)} };`,
    ...Object.fromEntries(['a', 'c', 'n'].map(name => [`test/${name}.js`,
      `describe("${name}", () => { it("runs", () => { ${note(`run-${name}`)} }); });`])),
  }, 'mocha --require ./hooks.js'],
  ['a set-up file with hooks', {
    'set-up.js': ['before', 'beforeEach', 'afterEach', 'after'].map(hook => `${hook}(() => { ${note(hook)} });`).join('\n'),
  }, 'mocha --file ./set-up.js'],
  ['hooks outside of any describe in a test file', {
    'test/m.js': ['before', 'beforeEach', 'afterEach', 'after'].map(hook => `${hook}(() => { ${note(hook)} });`).join('\n'),
  }, 'mocha'],
  ['… and tests outside of any describe', {
    'test/b.js': `before(() => { ${note('before')} });\nit("b", () => { ${note('b')} }); describe("in b", () => it("runs", () => { ${note('in-b')} }));`,
    'test/z.js': `it("z", () => { ${note('z')} }); after(() => { ${note('after')} });`,
  }, 'mocha'],
])
  test(`${what}: all happens in the order and as often as with Mocha alone`, () => {
    const dir = suite(noting(['a', 'c', 'n'], files), script);
    const expected = alone(dir, script.split(' ').slice(1));
    const order = log(dir);
    for (let i = 0; i < 2; i++) { // nothing is known, then all is
      const done = run(dir, ['-j2']);
      assert.equal(done.code, 0, done.out + done.err);
      assert.equal(log(dir), order);
      assert.deepEqual(ours(dir), expected);
    }
  });

test('short files are loaded in groups; each has its own result and its own tests', () => {
  const dir = suite(noting(names));
  const done = same(dir);
  assert.equal(done.code, 0, done.out);
  fs.rmSync(path.join(dir, 'log'));
  run(dir, ['-j1']);
  assert.match(log(dir), /load-\S+ load-\S+ load-\S+ run-/);
  for (const e of journal(dir)) if (e.type === 'test_finished') assert.equal(e.file, `test/${e.path[0]}.js`);
  assert.equal(summary(dir).files.passed, names.length);
  assert.equal(run(dir, ['-j1', '-t', 'f1[0-2] runs']).code, 0);
  assert.equal(summary(dir).tests.total, 3);
});

test('`.only` that no look at the texts finds: the files of its group run, each by itself', () => {
  // ES modules: nothing but another address has node load them again
  const files = Object.fromEntries(names.map(name => [`test/${name}.mjs`, `describe("${name}", () => { it("runs", () => {}); });`]));
  const dir = suite({ ...files, 'test/f11x.mjs': 'describe("x", () => { it["only"]("y", () => {}); it("z", () => {}); });' });
  run(dir, ['-j1']);
  const done = run(dir, ['-j1']);
  assert.equal(done.code, 0, done.out);
  assert.deepEqual([summary(dir).files.passed, summary(dir).tests.passed], [25, 25]);
});

for (const [what, text, kind, where] of [
  ['throws while it loads', 'throw new Error("oops");', 'load', 0],
  ['ends the process while it loads', 'process.exit(0);', 'crash', 0],
  ['never ends to load', 'for (;;);', 'timeout', 0],
  ['dies in a hook', 'describe("x", () => { before(() => process.abort()); it("y", () => {}); });', 'crash', 0],
  ['dies in a test', 'describe("x", () => it("y", () => process.kill(process.pid, "SIGSEGV")));', 'crash', 1],
  ['never ends a test', 'describe("x", () => it("y", () => { for (;;); }));', 'timeout', 1],
  ['fails late', 'describe("x", () => it("y", done => { done(); done(new Error("late")); }));', 'error', 0],
])
  test(`one of a group ${what}: it has failed, and nothing else`, () => {
    const dir = suite(noting(names, { 'test/f11x.js': text }));
    run(dir, ['-j1', '--no-fail-fast', '--timeout', '3s']); // teaches how short the others are
    const done = run(dir, ['-j1', '--no-fail-fast', '--timeout', '3s']);
    assert.equal(done.code, 1, done.out);
    const { files, failures } = summary(dir);
    assert.deepEqual(files, { planned: 25, passed: 24, failed: 1, skipped: 0, not_run: 0 });
    assert.ok(failures.some(f => f.file === 'test/f11x.js' && f.kind === kind && Boolean(f.test) === Boolean(where)),
      JSON.stringify(failures));
  });

test('a hook of --require that fails stops Mocha; no file passes by that', () => {
  const dir = suite(noting(names, {
    'hooks.js': `exports.mochaHooks = { beforeEach() { if (this.currentTest.title === 'boom') throw new Error('no database'); } };`,
    'test/f11x.js': 'describe("x", () => it("boom", () => {}));',
  }), 'mocha --require ./hooks.js');
  run(dir, ['-j1', '--no-fail-fast']);
  const done = run(dir, ['-j1', '--no-fail-fast']);
  assert.equal(done.code, 1);
  const { files } = summary(dir);
  assert.equal(files.passed + files.failed, 25);
  const ran = new Set(journal(dir).filter(e => e.type === 'test_finished' && e.outcome === 'passed').map(e => e.file));
  for (const e of journal(dir)) if (e.type === 'file_finished' && e.outcome === 'passed') assert.ok(ran.has(e.file), e.file);
});

test('an `after` of --require that fails, when all is over, fails the run', () => {
  const dir = suite(noting(names, { 'hooks.js': 'exports.mochaHooks = { afterAll() { throw new Error("left open"); } };' }), 'mocha --require ./hooks.js');
  const done = run(dir, []);
  assert.equal(done.code, 1, done.out);
  assert.match(done.out + done.err, /"after all" hook.*left open/);
  assert.equal(summary(dir).files.passed, 24);
});

/* ---- isolate ---- */

const leaky = name => `
  const counter = require('../counter');
  it('${name}', () => {
    if (++counter.n !== 1) throw new Error('the module was there already');
    if (globalThis.left) throw new Error('a global was left');
    if (process.env.LEFT) throw new Error('a variable was left');
    if (fetch.mine) throw new Error('fetch was replaced');
    globalThis.left = process.env.LEFT = 'yes';
    globalThis.fetch = Object.assign(() => {}, { mine: true });
    process.chdir('/');
  });
`;
const leaking = isolate => suite({
  'counter.js': 'exports.n = 0;',
  'setup.js': 'globalThis.fromSetup = require("./kept"); exports.mochaHooks = { beforeEach() { if (fromSetup.n) throw 1; } };',
  'kept.js': 'exports.n = 0;',
  '.mocharc.json': '{"require": "./setup.js"}',
  'test/a.js': leaky('a'), 'test/b.js': leaky('b'), 'test/c.js': leaky('c'),
  'muster.yaml': `suites: [{name: m, runner: mocha, isolate: ${isolate}}]\n`,
});

test('isolate: file forgets modules, globals and environment between two files', () => {
  const dir = leaking('file');
  const done = run(dir, ['-j1']);
  assert.equal(done.code, 0, done.out + done.err);
  assert.equal(journal(dir).filter(e => e.type === 'worker_started').length, 1);
});

test('isolate: process gives each file a process of its own', () => {
  const dir = leaking('process');
  const done = run(dir, ['-j2']);
  assert.equal(done.code, 0, done.out + done.err);
  const workers = journal(dir).filter(e => e.type === 'file_finished').map(e => e.worker);
  assert.equal(new Set(workers).size, 3);
});

test('without isolate files share what serial Mocha shares', () => {
  const done = run(leaking('runner'), ['-j1', '--no-fail-fast']);
  assert.equal(done.code, 1);
  assert.match(done.out, /the module was there already/);
});

test('isolate is not for Playwright', () => {
  const dir = folder({ 'muster.yaml': 'suites: [{name: e, runner: playwright, isolate: file}]\n' });
  const done = run(dir, ['config', 'check']);
  assert.equal(done.code, 2);
  assert.match(done.err, /`isolate` is for runners whose files share a worker.* in muster\.yaml:1:\d+/);
});
