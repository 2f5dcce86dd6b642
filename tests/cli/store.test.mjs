// `store` and `query`: the history as its users meet it, made by runs of the fake worker.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

import { folder, project, run, runFake } from './support.mjs';

const sql = (dir, text, ...more) => run(dir, ['query', text, ...more]);
const rows = (dir, text) => JSON.parse(sql(dir, text, '--json').out).rows;

// A project after two runs.
function used() {
  const dir = project(['pass1', 'pass2']);
  runFake(dir, []);
  runFake(dir, []);
  return dir;
}

test('an export starts another checkout warm, and merging twice counts once', () => {
  const dir = used();
  assert.equal(run(dir, ['store', 'export', 'history.zst']).code, 0);
  assert.deepEqual(fs.readdirSync(dir).sort(), ['.muster', 'history.zst', 'package.json', 'test']);

  const other = project(['pass1', 'pass2']);
  const file = path.join(dir, 'history.zst');
  assert.equal(run(other, ['store', 'import', file]).out, '2 runs taken over, 0 were known\n');
  assert.match(runFake(other, []).out, /history of 2 runs \(2 of 2 files known\)/);
  assert.equal(run(other, ['store', 'import', file]).out, '0 runs taken over, 2 were known\n');

  const third = used();
  assert.equal(run(third, ['store', 'import', file]).out, '2 runs taken over, 0 were known\n');
  assert.equal(rows(third, 'SELECT * FROM v_runs').length, 4);
  assert.ok(rows(third, 'SELECT * FROM v_tests').every(t => t.runs === 4));
  assert.equal(run(third, ['store', 'check']).out, 'the history is whole\n');
});

test('info and prune', () => {
  const dir = used();
  const info = () => JSON.parse(run(dir, ['store', 'info', '--json']).out);
  assert.equal(info().schema, 'muster/store-info/1');
  assert.equal(info().runs, 2);
  assert.ok(info().tables.find(t => t.name === 'packs').rows === 2);
  assert.match(run(dir, ['store', 'info']).out, /^\S*history\.db {2}version 4 {2}\d/);
  assert.match(run(dir, ['store', 'prune', '--keep-runs', '1']).out, /^1 runs removed/);
  assert.equal(info().runs, 1);
  assert.ok(rows(dir, 'SELECT * FROM v_tests').every(t => t.runs === 2));
  for (const bad of [['--keep-runs', '0'], ['--max-age', 'x'], ['--max-size', '5 apples'],
    ['--max-size', '0.5'], ['--max-size', '9000000T'], ['--max-size', '5kx']]) {
    const { code, err } = run(dir, ['store', 'prune', ...bad]);
    assert.equal(code, 2);
    assert.match(err, new RegExp(`error: ${bad[0]} expects `));
  }
});

test('prune to a size: the oldest runs go, what they taught stays', () => {
  const dir = used();
  for (const size of ['1k', '1kB', '1024']) {
    const { code, out } = run(dir, ['store', 'prune', '--max-size', size, '--json']);
    assert.equal(code, 0);
    assert.equal(JSON.parse(out).schema, 'muster/store-prune/1');
  }
  assert.match(run(dir, ['store', 'prune', '--max-size', '1G']).out, /^0 runs removed/);
  assert.ok(rows(dir, 'SELECT * FROM v_tests').every(t => t.runs === 2));
});

test('store: what it cannot do, and the way out', () => {
  const dir = used();
  for (const [args, text] of [
    [[], /`muster store` needs to know what to do\nhelp: usage: muster store /], [['burn'], /`muster store` does not know `burn`/],
    [['info', 'x'], /`muster store info` takes no `x`/], [['export'], /`muster store export` needs one FILE\nhelp: /],
    [['import', 'no.zst'], /no\.zst/],
  ]) {
    const { code, err } = run(dir, ['store', ...args]);
    assert.ok(code === 2 || code === 7, `${code}`);
    assert.match(err, text);
  }
  const empty = run(folder({}), ['store', 'info']);
  assert.notEqual(empty.code, 0);
  assert.match(empty.err, /history/);
});

test('check finds what is broken: exit 7', () => {
  const dir = used();
  assert.deepEqual(JSON.parse(run(dir, ['store', 'check', '--json']).out), { schema: 'muster/store-check/1', problems: [] });
  const db = path.join(dir, '.muster/history.db');
  const text = fs.readFileSync(db);
  text.fill(0xff, 4096 * 3, 4096 * 6); // pages in the middle
  fs.writeFileSync(db, text);
  const { code, out, err } = run(dir, ['store', 'check']);
  assert.equal(code, 7, out + err);
  assert.doesNotMatch(out, /is whole/);
});

test('times of other tools make the first run known', () => {
  const dir = project(['pass1', 'pass2'], {
    'times.json': JSON.stringify({ 'test/pass1.js': 3.5, '/home/ci/build/test/pass2.js': 1, 'test/gone.js': 9 }),
    'junit.xml': '<testsuites><testsuite name="a"><testcase file="test/pass1.js" time="2"/></testsuite></testsuites>',
  });
  const done = run(dir, ['store', 'import', 'times.json']);
  assert.equal(done.out, 'times of 2 files taken over (durations); 1 files are not in this project\n');
  assert.deepEqual(rows(dir, 'SELECT file, estimate_ms FROM v_files ORDER BY file'),
    [{ file: 'test/pass1.js', estimate_ms: 3500 }, { file: 'test/pass2.js', estimate_ms: 1000 }]);
  fs.utimesSync(path.join(dir, 'junit.xml'), new Date(2001, 0), new Date(2001, 0));
  run(dir, ['store', 'import', 'junit.xml']); // older than what is known
  assert.equal(rows(dir, "SELECT estimate_ms FROM v_files WHERE file LIKE '%1.js'")[0].estimate_ms, 3500);
  const plan = JSON.parse(runFake(dir, ['plan', '--shards', '2', '--json']).out);
  assert.deepEqual([plan.predicted.unknown_files, plan.predicted.makespan_ms], [0, 3500]);

  for (const [args, message] of [
    [['nowhere.json'], /there is no file nowhere\.json/],
    [['package.json'], /package\.json holds no times of files/],
    [['times.json', '--format', 'csv'], /unknown format `csv`/],
    [['times.json', '--suite', 'x'], /no suite is named `x`/],
    [[], /needs one FILE/],
  ]) {
    const { code, err } = run(dir, ['store', 'import', ...args]);
    assert.equal(code, 2, err);
    assert.match(err, message);
  }
});

test('what is damaged is refused and changes nothing', () => {
  const dir = used();
  run(dir, ['store', 'export', 'x.zst']);
  const whole = fs.readFileSync(path.join(dir, 'x.zst'));
  fs.writeFileSync(path.join(dir, 'cut.zst'), whole.subarray(0, whole.length / 2));
  const { code, err } = run(dir, ['store', 'import', 'cut.zst']);
  assert.equal(code, 2);
  assert.match(err, /cannot import cut\.zst: it is cut off/);
  assert.deepEqual(fs.readdirSync(path.join(dir, '.muster')).filter(f => /import|broken/.test(f)), []);
  assert.equal(rows(dir, 'SELECT * FROM v_runs').length, 2);
  assert.equal(run(folder({}), ['store', 'info']).code, 2);
  assert.match(run(dir, ['store', 'melt']).err, /does not know `melt`/);
});

test('a pass and a failure at one commit count when nothing was changed', () => {
  const dir = project(['flaky', 'pass'], { '.gitignore': '.muster/\n' });
  const git = (...args) => execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...args], { cwd: dir });
  const seen = () => rows(dir, 'SELECT sum(same_commit) AS n FROM v_flaky')[0].n || 0;
  git('init', '-q');
  git('add', '.');
  git('commit', '-qm', 'one');
  fs.writeFileSync(path.join(dir, 'test/new.js'), '');
  runFake(dir, ['--retries', '0', '--no-fail-fast', 'test/flaky.js']);
  fs.unlinkSync(path.join(dir, 'test/new.js'));
  runFake(dir, ['--retries', '1']);
  assert.equal(seen(), 0); // the failure may have been the change's
  runFake(dir, ['--retries', '0', '--no-fail-fast']);
  assert.equal(seen(), 1);
});

test('query prints tables, CSV and JSON, and only reads', () => {
  const dir = used();
  const text = "SELECT '=1+1' AS a, 1.5 AS b, NULL AS c, 'x\"y' AS d, char(27) || '[31mred' AS e";
  assert.equal(sql(dir, text, '--csv').out, 'a,b,c,d,e\r\n"\'=1+1",1.5,,"x""y",\u001b[31mred\r\n');
  assert.equal(sql(dir, text).out, 'a       b  c  d    e\n=1+1  1.5     x"y   [31mred\n');
  assert.deepEqual(rows(dir, text), [{ a: '=1+1', b: 1.5, c: null, d: 'x"y', e: '\u001b[31mred' }]);
  assert.deepEqual(rows(dir, 'SELECT file, runs, failures FROM v_tests ORDER BY file').map(r => r.runs), [2, 2]);
  const { code, err } = sql(dir, 'DELETE FROM runs');
  assert.equal(code, 2);
  assert.match(err, /the history is only read/);
  assert.equal(sql(dir, "ATTACH '/tmp/x' AS y").code, 2);
  assert.match(sql(dir, 'WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT max(x) FROM c',
    '--timeout', '100ms').err, /took too long/);
  assert.equal(rows(dir, 'SELECT * FROM v_runs').length, 2);
});
