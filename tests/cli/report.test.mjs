// `muster report` replays a run into any reporter: the same bytes as the live run wrote.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { suite } from './frameworks.mjs';
import { fake, project, run, runFake, start, until } from './support.mjs';

const reporters = ['plain', 'dot', 'junit', 'json', 'ndjson', 'github'];
const live = dir => reporters.map(name => `--reporter=${name}=${dir}/live.${name}`);

// What GitHub's runner must not find in a test's output is fresh each time.
const read = file => fs.readFileSync(file, 'utf8').replace(/::[0-9a-f]{32}\b/g, '::TOKEN');

function same(dir, more = []) {
  for (const name of reporters) {
    const { err } = run(dir, ['report', `--reporter=${name}=${dir}/again.${name}`, ...more]);
    assert.equal(err, '');
    const [was, is] = [`${dir}/live.${name}`, `${dir}/again.${name}`].map(read);
    assert.ok(was.length > 0 || name === 'github', name);
    assert.ok(is === was, `${name}\n${was.slice(0, 3000)}\n---- again\n${is.slice(0, 3000)}`);
  }
}

const all = ['fail', 'pass1', 'pass2', 'flaky', 'segv', 'quit', 'hang', 'half', 'lost', 'silent', 'hostile', 'daemon', 'flood'];
const runs = {
  'everything that can go wrong': [all, ['--no-fail-fast', '--retries', '1', '--timeout', '1s', '-j3', '--slow', '300ms']],
  'the first failure stops it': [['fail', 'slowpass1', 'slowpass2', 'slowpass3'], ['-j2']],
  'verbose': [['fail', 'pass1', 'flaky'], ['-v', '--no-fail-fast', '--retries', '2'], ['-v']],
  'quiet': [['fail', 'pass1', 'flaky'], ['-q', '--no-fail-fast'], ['-q']],
  'past its budget': [['hang', 'pass1'], ['--budget', '900ms', '--no-fail-fast']],
  'nothing to run': [[], []],
};

for (const [what, [acts, args, more]] of Object.entries(runs))
  test(what, () => {
    const dir = project(acts, { 'test/readme.txt': '' });
    runFake(dir, [...args, ...live(dir)]);
    same(dir, more);
  });

test('a run whose configuration is broken', () => {
  const dir = project(['pass']);
  runFake(dir, live(dir), { FAKE: 'error' });
  same(dir);
});

test('a run is named by its id, the beginning of it, its folder, or as the latest', () => {
  const dir = project(['pass']);
  for (const id of ['20260101-000000-aaaaaa', '20260101-000000-abbbbb', '20260202-000000-cccccc'])
    assert.equal(runFake(dir, ['--out', `.muster/runs/${id}`]).code, 0);
  assert.equal(runFake(dir, []).code, 0);
  const replayed = (...args) => run(dir, args, {}).out.match(/^Starting {2}run (\S+)$/m)[1];
  const id = n => JSON.parse(read(`${dir}/.muster/${n}/summary.json`)).run_id;
  assert.equal(replayed('report', '202602'), id('runs/20260202-000000-cccccc'));
  assert.equal(replayed('report', '20260101-000000-ab'), id('runs/20260101-000000-abbbbb'));
  assert.equal(replayed('report', '.muster/runs/20260101-000000-aaaaaa'), id('runs/20260101-000000-aaaaaa'));
  for (const name of [[], ['latest']])
    assert.equal(replayed('report', ...name), id('latest'));
  for (const command of [['report'], ['gate'], ['order', 'test/pass.js', '--run']]) {
    const many = run(dir, [...command, '20260101'], {}), none = run(dir, [...command, '1999'], {});
    assert.deepEqual([many.code, none.code], [2, 2], command);
    assert.match(many.err, /^error: the ids of 2 runs start with 20260101\nhelp: `muster runs` /);
    assert.match(none.err, /^error: no recorded run in 1999\nhelp: `muster runs` /);
  }
});

test('interrupted', async () => {
  const dir = project(['pass1', 'hang', 'slowpass1']);
  const child = start(dir, ['-j2', '--no-fail-fast', ...live(dir)], { MUSTER_TEST_ADAPTERS: fake });
  const latest = path.join(dir, '.muster/latest/journal.ndjson');
  await until(() => fs.existsSync(latest) && /"spins"/.test(fs.readFileSync(latest, 'utf8')), 10000);
  const ended = new Promise(resolve => child.on('exit', resolve));
  child.kill('SIGINT');
  await ended;
  same(dir);
});

test('the second run, which knows the first, and one in parts', () => {
  const slow = n => `it('case ${n}', done => { setTimeout(done, 200); });`;
  const dir = suite('mocha', { good: '' }, { long: Array.from({ length: 8 }, (_, i) => slow(i)).join('\n') });
  for (let i = 0; i < 2; i++) assert.equal(run(dir, ['-j4', '--no-split']).code, 0);
  assert.equal(run(dir, ['-j4', ...live(dir)]).code, 0);
  assert.match(read(`${dir}/live.ndjson`), /"parts":/);
  same(dir);
});
