// muster order, by the fake worker: who breaks whom, in which order.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { journal, project, run, runFake, summary } from './support.mjs';

const started = dir => journal(dir).filter(e => e.type === 'file_started').map(e => e.file);
function recorded(acts) {
  const dir = project(acts);
  runFake(dir, ['--no-fail-fast', '-j1']);
  return dir;
}
function answer(dir, ...args) {
  const done = runFake(dir, ['order', '--json', ...args]);
  assert.ok(done.code === 0 || done.code === 1, done.err);
  return { code: done.code, ...JSON.parse(done.out) };
}
const flaky = dir => JSON.parse(run(dir, ['flaky', '--json']).out).tests.map(t => [t.file, t.test, t.class, t.behind]);

test('the one file that breaks another, the command that shows it, and flaky knows', () => {
  const dir = recorded(['afirst', 'dirty', 'pass1', 'pass2', 'victim']);
  const found = answer(dir, 'test/victim.js');
  assert.deepEqual([found.verdict, found.culprits, found.code], ['order_dependent', ['test/dirty.js'], 1]);
  assert.equal(found.rerun, 'muster run --no-fail-fast --suite mocha --in-order test/dirty.js test/victim.js');
  assert.deepEqual(flaky(dir), [['test/victim.js', 'wants it clean', 'order_dependent', 'test/dirty.js']]);
  assert.equal(runFake(dir, found.rerun.split(' ').slice(1)).code, 1);
  assert.deepEqual(started(dir), ['test/dirty.js', 'test/victim.js']);
  assert.deepEqual(summary(dir).failures.map(f => f.test), ['wants it clean']);
  const people = runFake(dir, ['order', 'wants it clean']);
  assert.match(people.out, /^test\/victim\.js › wants it clean passes alone and fails after test\/dirty\.js in the same worker\nrerun: /);
  // mended, and asked again behind the same files
  runFake(dir, ['order', 'test/victim.js'], { FAKE_MENDED: 'yes' });
  assert.deepEqual(flaky(dir), []);
});

test('a file that passes only behind another', () => {
  const dir = recorded(['afirst', 'needsfirst', 'pass1']);
  const found = answer(dir, 'test/needsfirst.js');
  assert.deepEqual([found.verdict, found.culprits, found.code], ['needs_others', ['test/afirst.js'], 1]);
  assert.match(runFake(dir, ['order', 'test/needsfirst.js']).out, /^test\/needsfirst\.js fails alone and passes after test\/afirst\.js in the same worker\nrerun: /);
});

test('fails alone, is not order dependent, is flaky', () => {
  const dir = recorded(['dirty', 'fail', 'odd', 'pass']);
  assert.equal(answer(dir, 'test/fail.js').verdict, 'fails_alone');
  const good = answer(dir, 'test/pass.js');
  assert.deepEqual([good.verdict, good.code], ['not_order_dependent', 0]);
  assert.equal(answer(dir, 'test/odd.js', '--repeat', '3').verdict, 'flaky');
  for (const [file, text] of [['fail', /fails.* alone/], ['pass', /passes/], ['odd', /flaky|now and then/]])
    assert.match(runFake(dir, ['order', `test/${file}.js`, '--repeat', '3']).out, text);
});

test('what cannot be answered says why', () => {
  const dir = project(['pass1', 'pass2']);
  const error = (...args) => runFake(dir, ['order', ...args]).err;
  assert.match(error('test/pass1.js'), /no recorded run has a file or test `test\/pass1\.js`\nhelp: run the suite once/);
  runFake(dir, ['-j1']);
  assert.match(error(), /needs a file or a test/);
  assert.match(error('good', '--repeat', '0'), /`--repeat` expects a whole number from 1/);
  assert.match(error('good'), /2 tests are called `good`\nhelp: say which: `test\/pass1\.js › good`/);
  fs.rmSync(path.join(dir, 'test/pass2.js'));
  assert.match(error('test/pass2.js'), /pass2\.js gives no result when it runs alone|no such file/);
});

test('--in-order and --shuffle', () => {
  const dir = project(['pass1', 'pass2', 'pass3', 'pass4', 'pass5', 'pass6']);
  assert.equal(runFake(dir, ['--in-order', 'test/pass3.js', 'test/pass1.js']).code, 0);
  assert.deepEqual(started(dir), ['test/pass3.js', 'test/pass1.js']);
  assert.match(runFake(dir, ['--in-order']).err, /--in-order needs the files, in their order/);
  assert.match(runFake(dir, ['--in-order', 'test/pass1.js', '--shard', '1/2']).err, /--in-order and shards do not go together/);
  assert.match(runFake(dir, ['--shuffle=x']).err, /`--shuffle` expects a whole number from 1/);
  assert.equal(runFake(dir, ['-j1', '--shuffle']).code, 0);
  const { seed } = summary(dir), order = started(dir);
  assert.ok(seed > 0);
  runFake(dir, ['-j1', `--shuffle=${seed}`]);
  assert.deepEqual(started(dir), order);
  const shard = i => {
    assert.equal(runFake(dir, ['-j1', '--shuffle', '--plan', 'plan.json', '--shard', `${i}/2`]).code, 0);
    return summary(dir).seed;
  };
  runFake(dir, ['plan', '--shards', '2', '-o', 'plan.json']);
  assert.equal(shard(1), shard(2), 'one seed for all shards of a plan');
});
