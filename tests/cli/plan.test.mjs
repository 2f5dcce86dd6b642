// Plans: the same bytes everywhere, the documented fields, and plain words where it cannot be done.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { environment, folder, muster, run } from './support.mjs';

const names = ['b.js', 'Ä.js', 'a b.js', 'z"\\.js', '-x.js', '$(id).js', '::error::.js', "it's.js", 'a.js', 'B.js', '\u202e.js'];
const timings = Object.fromEntries(names.map((name, i) => [name, 1 + (i * 7) % 5]));

function project(list = names) {
  return folder({ '.git/HEAD': 'ref: refs/heads/main\n', list: list.map(n => `${n}\n`).join(''), 'times.json': JSON.stringify(timings) });
}

const base = ['plan', '--files', 'list', '--timings', 'times.json'];
const json = done => JSON.parse(done.out);
const stable = text => text.replace(/"created_at":"[^"]*"/, '');

test('the same bytes for any order of the files and any locale', () => {
  const one = run(project(), [...base, '--shards', '3', '--json']);
  assert.equal(one.code, 0, one.err);
  for (const LC_ALL of ['C', 'tr_TR.UTF-8', 'de_DE.UTF-8']) {
    const other = run(project([...names].reverse()), [...base, '--shards', '3', '--json'], { LC_ALL, LANG: LC_ALL, TZ: 'Asia/Tokyo' });
    assert.equal(stable(other.out), stable(one.out));
  }
});

test('the fields of the contract', () => {
  const plan = json(run(project(), [...base, '--shards', '2', '--json', '--commit', 'c0ffee']));
  assert.deepEqual(Object.keys(plan), ['schema', 'plan_id', 'created_at', 'commit', 'platform', 'config_digest', 'files', 'predicted', 'shards']);
  assert.deepEqual(Object.keys(plan.predicted), ['total_ms', 'makespan_ms', 'lower_bound_ms', 'unknown_files']);
  assert.equal(plan.schema, 'muster/plan/1');
  assert.equal(plan.commit, 'c0ffee');
  assert.match(plan.created_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.match(plan.plan_id, /^[0-9a-f]{32}$/);
  assert.deepEqual(plan.shards.map(s => s.index), [1, 2]);
  for (const shard of plan.shards) {
    assert.equal(shard.predicted_ms, shard.items.reduce((sum, item) => sum + item.predicted_ms, 0));
    for (const item of shard.items) assert.deepEqual(Object.keys(item), ['suite', 'file', 'tests', 'predicted_ms', 'known']);
  }
  assert.deepEqual(plan.shards.flatMap(s => s.items.map(i => i.file)).sort(), [...names].sort());
  assert.equal(plan.files, names.length);
});

test('files from stdin, with suites; CRLF, doubles and empty lines do no harm', () => {
  const done = spawnSync(muster, ['plan', '--files', '-', '--shards', '1', '--json', '-q'], {
    cwd: project(), env: environment(), encoding: 'utf8', input: 'unit\ta.js\r\n\r\ne2e\ta.js\nunit\ta.js\nb.js',
  });
  const items = JSON.parse(done.stdout).shards[0].items.map(i => [i.suite, i.file]);
  assert.deepEqual(items.sort(), [['', 'b.js'], ['e2e', 'a.js'], ['unit', 'a.js']]);
});

test('a tab in a name makes no two files one', () => {
  const dir = project(['a\tb.js', '\ta\tb.js', '\tc.js', 'c.js']);
  const items = json(run(dir, ['plan', '--files', 'list', '--shards', '1', '--json'])).shards[0].items;
  assert.deepEqual(items.map(i => [i.suite, i.file]).sort(), [['', 'a\tb.js'], ['', 'c.js'], ['a', 'b.js']]);
});

test('unknown files count as the median, never as nothing', () => {
  const dir = project(['a.js', 'new.js']);
  fs.writeFileSync(path.join(dir, 'times.json'), '{"a.js": 4, "gone.js": 9}');
  const plan = json(run(dir, [...base, '--shards', '2', '--json']));
  assert.equal(plan.predicted.unknown_files, 1);
  assert.deepEqual(plan.shards.map(s => s.predicted_ms), [4000, 4000]);
});

test('more shards than files: the others have nothing to do', () => {
  const plan = json(run(project(['a.js']), [...base, '--shards', '4', '--json']));
  assert.deepEqual(plan.shards.map(s => s.items.length), [1, 0, 0, 0]);
  assert.equal(json(run(project(), [...base, '--shards', '100000', '--json'])).shards.length, 100000);
});

test('auto takes the fewest shards that meet the target', () => {
  const list = Array.from({ length: 64 }, (_, i) => `f${i}.js`);
  const dir = project(list);
  fs.writeFileSync(path.join(dir, 'times.json'), JSON.stringify(Object.fromEntries(list.map(f => [f, 60]))));
  for (const [target, shards] of [['10m', 10], ['20m', 5], ['2h', 1]]) {
    // nothing is known of this machine: a minute of start-up, and 1.25 times what is predicted
    const done = run(dir, [...base, '--target', target, '--json']);
    assert.equal(json(done).shards.length, shards, target);
    assert.match(done.err, /met, expected within/);
  }
  const capped = run(dir, [...base, '--target', '10m', '--max-shards', '4']);
  assert.match(capped.out, /on 4 shards/);
  assert.match(capped.out, /out of reach.*\nMore than 4 shards were not allowed/);
});

test('the floor is said in words', () => {
  const dir = project(['a.js', 'b.js', 'c.js']);
  fs.writeFileSync(path.join(dir, 'times.json'), '{"a.js": 900, "b.js": 5, "c.js": 5}');
  const done = run(dir, base);
  assert.match(done.out, /The floor is a\.js: it alone takes 15 m 00 s/);
  assert.match(done.out, /The target needs it within 7 m 12 s: make it faster, or split the file/);
  assert.match(run(dir, [...base, '--shards', '3']).out, /The floor is a\.js: .*more shards cannot be faster/);
});

test('--what-if: every row from 1 to the most that is allowed', () => {
  const dir = project();
  const what = json(run(dir, [...base, '--what-if', '--json', '--max-shards', '6']));
  assert.equal(what.schema, 'muster/what-if/1');
  assert.deepEqual(what.shards.map(row => row.shards), [1, 2, 3, 4, 5, 6]);
  assert.ok(what.shards.every(row => row.makespan_ms >= row.lower_bound_ms));
  assert.equal(what.heaviest[0].predicted_ms, 5000);
  assert.match(run(dir, [...base, '--what-if']).out, /Heaviest files/);
});

test('--github writes matrix, count and plan_id; without GITHUB_OUTPUT it says what to do', () => {
  const dir = project();
  fs.writeFileSync(path.join(dir, 'out'), 'before=1\n');
  const done = run(dir, [...base, '--shards', '2', '--github', '-o', 'plan.json'], { GITHUB_OUTPUT: path.join(dir, 'out') });
  assert.equal(done.code, 0, done.err);
  const plan = JSON.parse(fs.readFileSync(path.join(dir, 'plan.json'), 'utf8'));
  assert.equal(fs.readFileSync(path.join(dir, 'out'), 'utf8'),
    `before=1\nmatrix={"include":[{"shard":1,"of":2},{"shard":2,"of":2}]}\ncount=2\nplan_id=${plan.plan_id}\n`);
  const missing = run(dir, [...base, '--github']);
  assert.equal(missing.code, 2);
  assert.match(missing.err, /GITHUB_OUTPUT/);
});

test('what cannot be planned', () => {
  const dir = project();
  const rows = [
    [[...base, '--shards', '0'], 2, /number from 1/], [[...base, '--shards', 'x'], 2, /number from 1/],
    [[...base, '--max-shards', '0'], 2, /number from 1/], [[...base, '--target', 'soon'], 2, /duration/],
    [['plan', '--files', 'nowhere'], 2, /nowhere/], [['plan', '--files', 'list', '--timings', 'list'], 2, /timings/],
    [['plan', '--files', 'empty'], 4, /names no files/], [['plan', '--files', 'latin'], 2, /latin:2: .*not UTF-8/],
    [['plan', '--files', 'half'], 2, /half:1: a suite without a path/], [['plan', '--files', 'list', '--timings', 'minus'], 2, /seconds/],
  ];
  fs.writeFileSync(path.join(dir, 'empty'), '\n\n');
  fs.writeFileSync(path.join(dir, 'latin'), Buffer.from('a.js\n\xe4.js\n', 'latin1'));
  fs.writeFileSync(path.join(dir, 'half'), 'suite\t\n');
  fs.writeFileSync(path.join(dir, 'minus'), '{"a.js": -1}');
  for (const [args, code, text] of rows) {
    const done = run(dir, args);
    assert.equal(done.code, code, `${args}: ${done.err}`);
    assert.match(done.err, text);
  }
});
