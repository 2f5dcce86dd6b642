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

// Twice: the first run teaches the times; a Mocha suite is seen to pass spread over workers, too.
function teach(dir) {
  for (let i = 0; i < 2; i++) assert.equal(run(dir, ['-j4', '--no-split']).code, 0);
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
