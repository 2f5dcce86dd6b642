// Suites whose files may need their order: what happens to failures while the files are spread over workers
// (core/engine/inorder.c). The fake worker's files say what they need.
import assert from 'node:assert/strict';
import test from 'node:test';
import { folder, journal, runFake, summary } from './support.mjs';

const discovered = more => ({ FAKE_DISCOVERED: JSON.stringify(more) });
const started = dir => journal(dir).filter(e => e.type === 'file_started');
const notice = (dir, name) => journal(dir).filter(e => e.type === 'notice' && e.name === name);
const two = 'suites: [{name: a, root: a, runner: mocha}, {name: b, root: b, runner: jest}]\n';

const spread = (...names) => folder({
  'package.json': '{"name":"p"}', 'muster.yaml': two, 'b/test/pass1.js': '',
  ...Object.fromEntries(names.map(name => [`a/test/${name}.js`, ''])),
});
const triesOf = (dir, name) => started(dir).filter(e => e.file === `a/test/${name}.js`).length;

test('files that need each other, spread over workers: one of these goes on in order, and that decides', () => {
  const dir = spread('afirst', 'needsfirst');
  const env = discovered({ ordered: true });
  const done = runFake(dir, ['-j4'], { ...env, FAKE_APART: 'yes' });
  assert.equal(done.code, 0, done.out);
  const [told] = notice(dir, 'order_dependent');
  assert.equal(told?.suite, 'a', done.out);
  assert.deepEqual([summary(dir).tests.passed, summary(dir).tests.failed, summary(dir).tests.flaky], [3, 0, 0]);
  assert.deepEqual([triesOf(dir, 'afirst'), triesOf(dir, 'needsfirst')], [1, 2], done.out);
  assert.equal(runFake(dir, ['-j4'], env).code, 0);
  assert.equal(notice(dir, 'order_dependent').length, 0); // learned
  assert.equal(new Set(started(dir).filter(e => e.suite === 'a').map(e => e.worker)).size, 1);
});

test('a failure beside the others and in order, too, is one', () => {
  const dir = spread('afirst', 'fail');
  const { code, out } = runFake(dir, ['-j2', '--no-fail-fast'], { ...discovered({ ordered: true }), FAKE_APART: 'yes' });
  assert.equal(code, 1, out);
  assert.equal(notice(dir, 'order_dependent').length, 1);
  assert.deepEqual([summary(dir).tests.total, summary(dir).failures.length], [3, 1]);
  assert.deepEqual([triesOf(dir, 'afirst'), triesOf(dir, 'fail')], [1, 2], out);
});

test('a failure of the first file is one', () => {
  const dir = spread('fail', 'pass1', 'pass2');
  const { code, out } = runFake(dir, ['-j2', '--no-fail-fast'], discovered({ ordered: true }));
  assert.equal(code, 1, out);
  assert.deepEqual([summary(dir).tests.total, summary(dir).failures.length], [4, 1]);
});

test('the worker that has the first files fails while others run: all run again in a new process', () => {
  const dir = spread('afirst', 'odd', 'slowpass1', 'slowpass2', 'slowpass3');
  const { code, out } = runFake(dir, ['-j2'], { ...discovered({ ordered: true }), FAKE_APART: 'yes' });
  assert.equal(code, 0, out);
  assert.deepEqual([summary(dir).tests.passed, summary(dir).tests.total, triesOf(dir, 'afirst')], [6, 6, 2], out);
  assert.match(notice(dir, 'order_dependent')[0].text, /run again/);
});

test('what another file has spoiled for the one that goes on alone: all run again in a new process', () => {
  const dir = spread('afirst', 'odd', 'wantsfirst');
  const { code, out } = runFake(dir, ['-j2'], { ...discovered({ ordered: true }), FAKE_APART: 'yes' });
  assert.equal(code, 0, out);
  assert.deepEqual([summary(dir).tests.passed, summary(dir).tests.total, triesOf(dir, 'afirst')], [4, 4, 2], out);
  assert.match(notice(dir, 'order_dependent').at(-1).text, /run again/); // mostly after one that says who goes on alone
});
