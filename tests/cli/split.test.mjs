// Long files in parts on one machine: the parts are the file, in every respect.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { folder, here, journal, run, summary } from './support.mjs';

const modules = name => path.join(here, `../fixtures/${name}/node_modules`);

function project(runner, long, more = {}, fixture = 'mixed') {
  const dir = folder({
    'package.json': JSON.stringify({ name: 'p', scripts: { test: runner } }),
    'test/long.test.js': long, 'test/a.test.js': 'it("a", () => {});', 'test/b.test.js': 'it("b", () => {});', ...more,
    ...(runner === 'mocha' ? { '.mocharc.json': '{"spec": "test/*.js"}' } : {}),
  });
  fs.symlinkSync(modules(fixture), path.join(dir, 'node_modules'));
  return dir;
}

const slow = (name, body = '') => `it(${JSON.stringify(name)}, async () => { await new Promise(r => setTimeout(r, 250)); ${body} });`;
const parts = dir => new Set(journal(dir).filter(e => e.type === 'file_started' && e.parts).map(e => e.part)).size;
const tests = dir => journal(dir).filter(e => e.type === 'test_finished').map(e => `${e.path.join(' › ')} ${e.occ} ${e.outcome}`).sort();

const workers = dir => new Set(journal(dir).filter(e => e.type === 'file_started').map(e => e.worker)).size;

// The first run teaches the times. A Mocha suite must be seen to pass spread over workers, too: the second run tries it,
// but on a busy machine its second worker may come too late.
function teach(dir) {
  for (let i = 0; i < 2 || (i < 6 && workers(dir) < 2); i++) assert.equal(run(dir, ['-j4', '--no-split']).code, 0);
}

const many = Array.from({ length: 8 }, (_, i) => slow(i === 6 ? 'case 5' : `case ${i}`)).join('\n');

for (const runner of ['mocha', 'jest']) {
  test(`${runner}: a file that would be the tail runs in parts, each test once, duplicates and hooks included`, () => {
    const dir = project(runner, `describe('long', () => { let up; beforeAllOf(() => { up = 1; }); ${many}
      it('has its hook', () => { if (!up) throw new Error('no hook'); }); it.skip('is skipped', () => {}); });
      function beforeAllOf(fn) { (typeof before === 'function' ? before : beforeAll)(fn); }`);
    teach(dir);
    const whole = tests(dir);
    const done = run(dir, ['-j4']);
    assert.equal(done.code, 0, done.out + done.err);
    assert.ok(parts(dir) > 1, 'it is split');
    assert.equal(done.out.match(/PASS .*long\.test\.js.*/g)?.length, 1, done.out);
    assert.match(done.out, /PASS .*long\.test\.js \(10\)/);
    assert.deepEqual(tests(dir), whole);
    const s = summary(dir);
    assert.deepEqual([s.files.planned, s.files.passed, s.tests.total], [3, 3, 12]);
    const seen = run(dir, ['query', 'SELECT 1']).code === 0; // where there is no such command, `slow` is enough
    assert.ok(seen || s.slowest.filter(f => f.file === 'test/long.test.js').length === 1);
  });
}

test('--no-split and split: off keep files whole', () => {
  const dir = project('mocha', many);
  teach(dir);
  assert.equal(run(dir, ['-j4', '--no-split']).code, 0);
  assert.equal(parts(dir), 0);
  fs.writeFileSync(path.join(dir, 'muster.yaml'), 'suites:\n  - name: mocha\n    runner: mocha\n    split: off\n');
  assert.equal(run(dir, ['-j4']).code, 0);
  assert.equal(parts(dir), 0);
});

test('tests that need those before them: the whole file decides, and it is not split again', () => {
  const dir = project('mocha', `let made = 0; ${Array.from({ length: 8 }, (_, i) =>
    slow(`step ${i}`, `if (made++ !== ${i}) throw new Error('out of order');`)).join('\n')}`);
  teach(dir);
  const first = run(dir, ['-j4']);
  assert.equal(first.code, 0, first.out + first.err);
  assert.ok(parts(dir) > 1);
  assert.match(first.out, /not in the whole file/);
  const s = summary(dir);
  assert.deepEqual([s.tests.passed, s.tests.failed, s.tests.flaky], [10, 0, 0]);
  assert.equal(run(dir, ['-j4']).code, 0);
  assert.equal(parts(dir), 0);
});

test('a real failure in a part is one failure', () => {
  const dir = project('mocha', `${many}; it('breaks', () => { if (process.env.BREAK) throw new Error('broken'); });`);
  teach(dir);
  for (let i = 0; i < 2; i++) { // never seen in parts, then seen to pass so
    const done = run(dir, ['-j4', '--no-fail-fast'], { BREAK: '1' });
    assert.equal(done.code, 1, done.out);
    assert.deepEqual(summary(dir).failures.map(f => f.test), ['breaks']);
    assert.deepEqual([summary(dir).tests.total, summary(dir).tests.failed], [11, 1]);
    assert.equal(run(dir, ['-j4']).code, 0);
  }
});

test('jest: snapshots of the other parts are not obsolete', () => {
  const dir = project('jest', `${many} ${[1, 2, 3, 4].map(i => slow(`snap ${i}`, `expect({ n: ${i} }).toMatchSnapshot();`)).join('\n')}`);
  teach(dir);
  const snapshots = path.join(dir, 'test/__snapshots__/long.test.js.snap');
  const before = fs.readFileSync(snapshots, 'utf8');
  assert.equal(run(dir, ['-j4']).code, 0); // not in CI: new ones might be written, so it stays whole
  assert.equal(parts(dir), 0);
  for (let i = 0; i < 3 && !parts(dir); i++) {
    const done = run(dir, ['-j4', '--history', '.muster/history.db'], { CI: 'true' });
    assert.equal(done.code, 0, done.out + done.err);
  }
  assert.ok(parts(dir) > 1, 'in CI it is split');
  assert.equal(fs.readFileSync(snapshots, 'utf8'), before);
});

test('a budget that is out of reach is told at once, and ends the run with what it has', () => {
  const dir = project('mocha', many.replaceAll('250', '900'));
  assert.equal(run(dir, ['-j1']).code, 0);
  const done = run(dir, ['-j1', '--no-split', '--budget', '6s']);
  assert.equal(done.code, 124, done.out + done.err);
  const events = journal(dir);
  const told = events.findIndex(e => e.type === 'notice' && e.name === 'budget_lost');
  assert.ok(told > 0, 'told');
  assert.ok(told < events.findIndex(e => e.type === 'run_cancelled'), 'before the end');
  assert.match(events[told].text, /out of reach: .* of 6\.0 s are used, \d files? left need about .* more with 1 worker/);
  assert.ok(summary(dir).files.not_run > 0);
  const fine = run(dir, ['-j1', '--budget', '1h']);
  assert.equal(fine.code, 0);
  assert.doesNotMatch(fine.out, /budget/);
});

// ---- over shards: plan, run, merge; the parts are one file again ----

const spec = `const { test, expect } = require('@playwright/test');
  test.describe('long', () => {
    let up = 0;
    test.beforeAll(() => { up++; });
    test.beforeEach(() => { if (up !== 1) throw new Error('no hook'); });
    ${Array.from({ length: 6 }, (_, i) => `test('case ${i}', async () => { await new Promise(r => setTimeout(r, 400)); expect('shot ${i}').toMatchSnapshot('case${i}.txt'); });`).join('\n')}
    test.skip('is skipped', () => {});
  });`;
const snap = `describe('long', () => { let up; beforeAll(() => { up = 1; });
  ${Array.from({ length: 6 }, (_, i) => slow(i === 4 ? 'case 3' : `case ${i}`, `expect([up, ${i}]).toMatchSnapshot();`)).join('\n')} });`;
const over = {
  playwright: {
    script: 'playwright test',
    files: {
      'playwright.config.js': 'module.exports = { testDir: "test", snapshotPathTemplate: "{testDir}/{arg}{ext}", workers: 1 };',
      'test/long.spec.js': spec, 'test/a.spec.js': 'require("@playwright/test").test("a", () => {});',
      ...Object.fromEntries(Array.from({ length: 6 }, (_, i) => [`test/case${i}.txt`, `shot ${i}`])),
    },
    tests: 8,
  },
  jest: { script: 'jest', files: { 'test/long.test.js': snap, 'test/a.test.js': 'it("a", () => {});' }, tests: 7 },
};

// What was taught, with times of which no busy machine has a say: a second a test, set-up a tenth.
function retold(dir, history) {
  const ms = {};
  const lines = journal(dir).map(e => {
    if (e.type === 'run_started') return { ...e, run_id: e.run_id.replace(/.$/, c => (c === '0' ? '1' : '0')) };
    if (e.type === 'test_finished' && e.outcome === 'passed') {
      const took = e.file.includes('long') ? 1000 : 10;
      ms[e.file] = (ms[e.file] ?? 0) + took;
      return { ...e, ms: took };
    }
    return e.type === 'file_finished' ? { ...e, ms: ms[e.file] + 100 } : e;
  });
  fs.mkdirSync(path.join(dir, 'told'));
  fs.writeFileSync(path.join(dir, 'told/journal.ndjson'), lines.map(e => JSON.stringify(e) + '\n').join(''));
  const done = run(dir, ['merge', 'told', '--no-gates', ...history]);
  assert.equal(done.code, 0, done.err);
  return history;
}

for (const [runner, { script, files, tests: total }] of Object.entries(over)) {
  test(`${runner}: a long file over three shards is one file again after the merge; split: off keeps it whole`, () => {
    const dir = folder({ 'package.json': JSON.stringify({ name: 'p', scripts: { test: script } }), ...files });
    fs.symlinkSync(modules('mixed'), path.join(dir, 'node_modules'));
    const taught = run(dir, ['-j1', '--no-split']);
    assert.equal(taught.code, 0, taught.out + taught.err);
    const history = retold(dir, ['--history', 'told.db']);
    const plan = more => {
      const done = run(dir, ['plan', '--shards', '3', '-o', 'plan.json', ...history, ...more]);
      assert.equal(done.code, 0, done.err);
      return JSON.parse(fs.readFileSync(path.join(dir, 'plan.json'), 'utf8')).shards.flatMap(s => s.items);
    };
    const long = Object.keys(files).find(f => f.includes('long'));
    assert.deepEqual(plan(['--no-split']).map(i => i.parts), [undefined, undefined]);
    fs.writeFileSync(path.join(dir, 'muster.yaml'), `suites:\n  - {name: ${runner}, runner: ${runner}, split: off}\n`);
    assert.deepEqual(plan([]).map(i => i.parts), [undefined, undefined], 'split: off');
    fs.rmSync(path.join(dir, 'muster.yaml'));
    const items = plan([]).filter(i => i.file === long);
    assert.ok(items.length > 1, 'it is split');
    const snapshots = path.join(dir, 'test/__snapshots__/long.test.js.snap');
    const before = fs.existsSync(snapshots) && fs.readFileSync(snapshots, 'utf8');
    for (let i = 1; i <= 3; i++) {
      const done = run(dir, ['run', '-j1', '--plan', 'plan.json', '--shard', `${i}/3`, '--out', `out/${i}`, ...history], { CI: 'true' });
      assert.equal(done.code, 0, done.out + done.err);
      assert.doesNotMatch(done.out, /obsolete/);
    }
    if (before) assert.equal(fs.readFileSync(snapshots, 'utf8'), before);
    const done = run(dir, ['merge', 'out', '--json', '--reporter', 'junit=junit.xml', '--no-gates', ...history]);
    assert.equal(done.code, 0, done.err);
    const s = JSON.parse(done.out);
    assert.deepEqual([s.files.planned, s.files.passed, s.tests.total, s.tests.failed, s.tests.flaky], [2, 2, total, 0, 0]);
    assert.equal(s.slowest.filter(f => f.file === long).length, 1, 'one file');
    const xml = fs.readFileSync(path.join(dir, 'junit.xml'), 'utf8');
    assert.equal(xml.match(/<testcase /g).length, total);
    assert.equal(xml.match(/<testsuite /g).length, 2, 'one suite a file');
    const learned = JSON.parse(run(dir, ['query', 'SELECT file, max(runs) AS runs FROM v_tests GROUP BY file', '--json', ...history]).out).rows;
    for (const row of learned) assert.equal(row.runs, 2, row.file);
  });
}
