// Playwright's own process, led by ours: order of files, workers, long files, quarantine. Tests write
// down for themselves what ran, where and when; browsers are in real.test.mjs.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { folder, here, journal, run, summary } from './support.mjs';

const modules = path.join(here, '../fixtures/mixed/node_modules');
const head = `
  const { test } = require('@playwright/test');
  const fs = require('fs');
  const until = async file => { while (!fs.existsSync(file)) await new Promise(resolve => setTimeout(resolve, 20)); };
  const ran = (name, ms = 0) => test(name, async () => {
    fs.appendFileSync('ran.log', name + ' ' + process.env.TEST_PARALLEL_INDEX + ' ' + process.pid + '\\n');
    await new Promise(resolve => setTimeout(resolve, ms));
  });`;

function suite(specs, more = {}) {
  const files = Object.fromEntries(Object.entries(specs).map(([name, body]) => [`e2e/${name}.spec.js`, head + body]));
  const dir = folder({
    'package.json': '{"name":"p","scripts":{"test":"playwright test"}}',
    'playwright.config.js': 'module.exports = { testDir: "e2e" };', ...files, ...more,
  });
  fs.symlinkSync(modules, path.join(dir, 'node_modules'));
  return dir;
}

test('a configuration that does not load is an error of the configuration', () => {
  const dir = suite({}, {
    'package.json': '{"name":"p","scripts":{"test":"playwright test && cypress run"}}',
    'playwright.config.js': 'module.exports = { testDir: nowhere };',
  });
  const { code, out } = run(dir, []);
  assert.equal(code, 2, out);
  assert.match(out, /^error: playwright: .*\nReferenceError: nowhere is not defined$/m);
  assert.match(out, /^warning: not run: `cypress run` \(script `test`\); muster runs jest, mocha, playwright only$/m);
  const list = run(dir, ['list', '--json']);
  assert.equal(list.code, 2);
  const [error, warning, ...more] = JSON.parse(list.out).notices;
  assert.deepEqual([error.severity, error.suite, warning.severity, more], ['error', 'playwright', 'warning', []]);
  assert.match(error.text, /ReferenceError: nowhere is not defined/);
  assert.match(list.err, /^warning: not run: `cypress run`/m);
});

// What ran since the last time: [name, parallel index, process].
function ran(dir) {
  const log = path.join(dir, 'ran.log');
  const lines = fs.readFileSync(log, 'utf8').trim().split('\n').map(line => line.split(' '));
  fs.rmSync(log);
  return lines;
}
const names = dir => ran(dir).map(([name]) => name);
const started = dir => journal(dir).filter(e => e.type === 'file_started').map(e => e.file);
const outcomes = dir => journal(dir).filter(e => e.type === 'test_finished' && !e.will_retry)
  .map(e => `${e.path.join(' › ')} ${e.occ} ${e.outcome}`).sort();

test('one worker keeps the order of the files; --shuffle and --in-order have theirs', () => {
  const dir = suite(Object.fromEntries(['a', 'b', 'c', 'd', 'e'].map(n => [n, `ran('${n}1'); ran('${n}2');`])));
  const own = ['a1', 'a2', 'b1', 'b2', 'c1', 'c2', 'd1', 'd2', 'e1', 'e2'];
  assert.equal(run(dir, ['-j1']).code, 0);
  assert.deepEqual(names(dir), own);
  const first = run(dir, ['-j1', '--shuffle=3']);
  assert.equal(first.code, 0, first.out + first.err);
  const order = names(dir);
  assert.notDeepEqual(order, own);
  assert.deepEqual([...order].sort(), own);
  for (let i = 0; i < order.length; i += 2) assert.equal(order[i][0], order[i + 1][0], 'files stay whole');
  run(dir, ['-j1', '--shuffle=3']);
  assert.deepEqual(names(dir), order);
  assert.equal(run(dir, ['--in-order', 'e2e/d.spec.js', 'e2e/a.spec.js', 'e2e/c.spec.js']).code, 0);
  assert.deepEqual(names(dir), ['d1', 'd2', 'a1', 'a2', 'c1', 'c2']);
});

test('muster order finds who breaks whom in one worker', () => {
  const dir = suite({
    a: `ran('a');`, b: `test('dirty', () => { globalThis.dirty = true; });`, c: `ran('c');`,
    v: `test('victim', () => { if (globalThis.dirty) throw new Error('dirty'); });`, w: `ran('w');`,
  });
  assert.equal(run(dir, ['-j1', '--no-fail-fast']).code, 1);
  const done = run(dir, ['order', 'e2e/v.spec.js', '--json', '--repeat', '1']);
  assert.equal(done.code, 1, done.err);
  const found = JSON.parse(done.out);
  assert.deepEqual([found.verdict, found.culprits], ['order_dependent', ['e2e/b.spec.js']]);
});

test('several workers: long files first, and parallel tests of one file keep all of them busy', () => {
  // enough work that a second worker is worth its start
  const dir = suite({ a: `ran('a', 2000);`, b: `ran('b', 2000);`, z: `ran('z', 3000);` });
  assert.equal(run(dir, ['-j2']).code, 0);
  assert.equal(run(dir, ['-j2']).code, 0);
  assert.ok(started(dir).slice(0, 2).includes('e2e/z.spec.js'), 'two start at the same time');

  const parallel = suite({ one: `test('a', () => until('met')); test('b', () => fs.writeFileSync('met', ''));` },
    { 'playwright.config.js': 'module.exports = { testDir: "e2e", fullyParallel: true };' });
  const done = run(parallel, ['-j2']);
  assert.equal(done.code, 0, done.out + done.err);
});

test('a number of workers in the configuration or the script is not exceeded; a percentage leaves it to muster', () => {
  const locked = `test('locks', () => { fs.mkdirSync('lock'); fs.writeFileSync('met', ''); });
    test('works', async () => { await new Promise(resolve => setTimeout(resolve, 1000)); });
    test('unlocks', () => fs.rmdirSync('lock'));`;
  const config = workers => ({ 'playwright.config.js': `module.exports = { testDir: "e2e", ${workers} };` });
  const script = '{"scripts":{"test":"playwright test --workers=1"}}';
  for (const more of [config('workers: 1'), { 'package.json': script }]) {
    const dir = suite({ a: locked, b: locked }, more);
    const done = run(dir, ['-j2']);
    assert.equal(done.code, 0, done.out + done.err);
  }
  const free = suite({ a: `test('a', () => until('met'));`, b: `test('b', () => fs.writeFileSync('met', ''));` },
    config('workers: "1%", timeout: 120000'));
  const done = run(free, ['-j2']);
  assert.equal(done.code, 0, done.out + done.err);
});

test('what fails apart from the tests fails the run: a global teardown, failOnFlakyTests but for what is in quarantine', () => {
  const flaky = `test('flaky', ({}, info) => { if (!info.retry) throw new Error('first'); });`;
  const down = suite({ a: `ran('a');` }, {
    'playwright.config.js': 'module.exports = { testDir: "e2e", globalTeardown: "./down.js" };',
    'down.js': 'module.exports = () => { throw new Error("down broke"); };',
  });
  const config = { 'playwright.config.js': 'module.exports = { testDir: "e2e", retries: 1, failOnFlakyTests: true };' };
  const refused = suite({ a: flaky }, config);
  for (const [dir, text] of [[down, /down broke/], [refused, /failOnFlakyTests does not let pass: e2e\/a\.spec\.js › flaky/]]) {
    const done = run(dir, []);
    assert.equal(done.code, 1, done.out + done.err);
    assert.match(done.out + done.err, text);
    assert.equal(summary(dir).verdict, 'failed');
  }
  const entry = '- file: e2e/a.spec.js\n  test: flaky\n  owner: me\n  reason: flaky\n  expires: 2999-01-01\n';
  const excused = suite({ a: flaky }, { ...config, 'quarantine.yaml': entry, 'muster.yaml': 'retries: {quarantined: 1}\n' });
  const done = run(excused, []);
  assert.equal(done.code, 0, done.out + done.err);
});

const long = `
  let up = 0;
  test.beforeAll(() => { up++; });
  test('first', async () => { if (process.env.MEET) await until('last'); });
  for (let i = 0; i < 6; i++) ran('t' + i, 800);
  test('same', () => {});
  test('last', () => { if (process.env.MEET) fs.writeFileSync('last', ''); });
  test('has its hook', () => { if (!up) throw new Error('no hook'); });
  test.skip('skipped', () => {});
  test.describe('steps', () => {
    test.describe.configure({ mode: 'serial' });
    let at = 0;
    for (let i = 0; i < 3; i++) test('step ' + i, () => { if (at++ !== i) throw new Error('out of order'); });
  });`;

test('a file that would be the tail runs in several workers, each test once, serial groups whole', () => {
  const dir = suite({ long });
  assert.equal(run(dir, ['-j2', '--no-split']).code, 0);
  const whole = outcomes(dir);
  const done = run(dir, ['-j2'], { MEET: '1' }); // its first test waits for its last one
  assert.equal(done.code, 0, done.out + done.err);
  assert.deepEqual(outcomes(dir), whole);
  assert.deepEqual([summary(dir).files.planned, summary(dir).tests.total, summary(dir).tests.flaky], [1, 14, 0]);
});

test('tests that need those before them: the whole file decides, and stays whole', () => {
  const steps = Array.from({ length: 8 }, (_, i) => `test('step ${i}', async () => {
    await new Promise(resolve => setTimeout(resolve, 250)); if (made++ !== ${i}) throw new Error('out of order'); });`);
  const dir = suite({ long: 'let made = 0;' + steps.join('') });
  assert.equal(run(dir, ['-j2', '--no-split']).code, 0);
  const first = run(dir, ['-j2']);
  assert.equal(first.code, 0, first.out + first.err);
  assert.match(first.out, /not in the whole file/);
  assert.deepEqual([summary(dir).tests.passed, summary(dir).tests.failed, summary(dir).tests.flaky], [8, 0, 0]);
  assert.doesNotMatch(run(dir, ['-j2']).out, /not in the whole file/);
});

test('what a failed hook left out counts as it ends when the hook is tried again', () => {
  const dir = suite({ a: `
    test.beforeAll(() => { if (!fs.existsSync('tried')) { fs.writeFileSync('tried', ''); throw new Error('once'); } });
    test('first', () => {});
    test('bad', () => { throw new Error('x'); });
    test('last', () => {});`,
  }, { 'playwright.config.js': 'module.exports = { testDir: "e2e", retries: 1 };' });
  const { code, out } = run(dir, ['--no-fail-fast']);
  assert.equal(code, 1, out);
  assert.deepEqual(outcomes(dir).filter(text => !/skipped/.test(text)), ['bad 1 failed', 'first 1 passed', 'last 1 passed']);
  const { total, failed, skipped, flaky } = summary(dir).tests;
  assert.deepEqual({ total, failed, skipped, flaky }, { total: 3, failed: 1, skipped: 0, flaky: 1 });
});

test('suites that share an outputDir leave each other alone', () => {
  const config = name => `module.exports = { testDir: "${name}", use: { trace: "on" } };`;
  const dir = suite({}, {
    'package.json': '{"name":"p","scripts":{"test":"playwright test -c one.js; playwright test -c two.js"}}',
    'one.js': config('one'), 'two.js': config('two'),
    'one/a.spec.js': `${head} test('long', () => until('met'));`,
    'two/b.spec.js': `${head}
      test('bad', ({}, info) => { fs.writeFileSync(info.outputPath('kept'), ''); throw new Error('x'); });
      test('next', () => fs.writeFileSync('met', ''));`,
  });
  const { code, out } = run(dir, ['-j2', '--no-fail-fast']);
  assert.equal(code, 1, out);
  assert.deepEqual(outcomes(dir), ['bad 1 failed', 'long 1 passed', 'next 1 passed']);
  const results = name => fs.readdirSync(path.join(dir, 'test-results', name)).sort();
  assert.deepEqual([results('a-long'), results('b-bad')], [['trace.zip'], ['error-context.md', 'kept', 'trace.zip']]);
  assert.deepEqual(results('.').filter(name => /^\.playwright/.test(name)), []);
});

test('where nothing is wanted, what the global set-up did is torn down; a shard of the configuration is no limit', () => {
  const dir = suite({ a: `ran('a');`, b: `ran('b');` }, {
    'playwright.config.js':
      'module.exports = { testDir: "e2e", globalSetup: "./up.js", shard: { current: 1, total: 2 } };',
    'up.js': `const { appendFileSync } = require('fs');
      module.exports = () => { appendFileSync('log', 'up '); return () => appendFileSync('log', 'down '); };`,
  });
  const log = () => fs.readFileSync(path.join(dir, 'log'), 'utf8');
  const none = run(dir, ['-t', 'nothing']);
  assert.equal(none.code, 4, none.out);
  assert.equal(log(), 'up down ');
  assert.equal(run(dir, []).code, 0);
  assert.deepEqual(names(dir).sort(), ['a', 'b']);
  assert.equal(log(), 'up down up down ');
});

test('-t chooses within a serial group, as --grep does; --failed has the group of what failed', () => {
  const dir = suite({ a: `test.describe.serial('s', () => { ran('one'); test('two', () => { throw new Error('x'); }); });` });
  const { code, out } = run(dir, ['-t', '^s › two$']);
  assert.equal(code, 1, out);
  assert.deepEqual(outcomes(dir), ['s › two 1 failed']);
  assert.equal(run(dir, ['--failed']).code, 1);
  assert.deepEqual(outcomes(dir), ['s › one 1 passed', 's › two 1 failed']);
});

test('-t knows the tags of a test, as --grep does', () => {
  const dir = suite({ a: `
    test('one', { tag: ['@smoke', '@slow'] }, () => { throw new Error('x'); });
    test('two @smoke', () => { throw new Error('x'); });
    test('three', { tag: '@slow' }, () => {});` });
  const { code, out } = run(dir, ['-t', '@slow', '--no-fail-fast']);
  assert.equal(code, 1, out);
  assert.deepEqual(outcomes(dir), ['one 1 failed', 'three 1 passed']);
});

test('a test in quarantine has its own number of retries, and costs nobody else theirs', () => {
  const dir = suite({
    a: `test('bad', () => { fs.appendFileSync('tries.log', 'x'); throw new Error('x'); });`,
    b: `test('flaky', ({}, info) => { if (!info.retry) throw new Error('not yet'); });`,
  }, {
    'playwright.config.js': 'module.exports = { testDir: "e2e", maxFailures: 1 };',
    'quarantine.yaml': '- file: e2e/a.spec.js\n  test: bad\n  owner: me\n  reason: flaky\n  expires: 2999-01-01\n',
  });
  for (const [count, tries] of [[0, 1], [1, 3]]) {
    // so small a budget is used up by the first retry that counts
    fs.writeFileSync(path.join(dir, 'muster.yaml'), `retries: {default: 1, quarantined: ${count}}\nretry_budget: 1ms\n`);
    const done = run(dir, ['-j1']);
    assert.equal(done.code, 0, done.out + done.err);
    assert.equal(fs.readFileSync(path.join(dir, 'tries.log'), 'utf8').length, tries);
    const { tests } = summary(dir);
    assert.deepEqual([tests.passed, tests.flaky, tests.quarantined, tests.failed], [1, 1, 1, 0]);
  }
});

test('an error outside of any test fails the run, not the infrastructure; so does a merge', () => {
  const dir = suite({
    a: `const own = test.extend({ left: [async ({}, use) => {
      await use(); throw new Error('nobody takes it down');
    }, { scope: 'worker', auto: true }] });
    own('a', () => {});`,
  }, {});
  const done = run(dir, ['--no-fail-fast']);
  assert.equal(done.code, 1, done.out + done.err);
  assert.match(done.out, /error: playwright: Error: nobody takes it down/);
  const { verdict, exit_reason, tests } = summary(dir);
  assert.deepEqual([verdict, exit_reason, tests.passed, tests.failed], ['failed', 'tests failed', 1, 0]);
  assert.equal(run(dir, ['report']).code, 1);
  assert.equal(run(dir, ['merge', '.muster/latest', '--out', 'merged']).code, 1);
});
