// Flaky tests with the real frameworks: retries by policy, new tests that must pass more than once,
// order: fixed, random, and who breaks whom.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { folder, here, journal, project, run, runFake, summary } from './support.mjs';

const modules = path.join(here, '../fixtures/mixed/node_modules');

function suite(files, script = 'mocha') {
  const dir = folder({ 'package.json': JSON.stringify({ name: 'm', scripts: { test: script } }), ...files });
  fs.symlinkSync(modules, path.join(dir, 'node_modules'));
  return dir;
}

const add = (dir, files) => {
  for (const [name, text] of Object.entries(files)) fs.writeFileSync(path.join(dir, name), text);
};
const notices = dir => summary(dir).notices.map(n => n.name);
const started = dir => journal(dir).filter(e => e.type === 'file_started' && !e.repeat).map(e => e.file);

// Fails the first `n` times that it runs, in whatever process. `api` is what the runner offers.
const fails = (title, n, file = title) => `
  it('${title}', () => {
    const fs = require('fs');
    fs.appendFileSync('${file}.log', 'x');
    if (fs.readFileSync('${file}.log', 'utf8').length <= ${n}) throw new Error('not yet');
  });`;
const tries = (dir, file) => fs.readFileSync(path.join(dir, file + '.log'), 'utf8').length;

// ---- retries ------------------------------------------------------------------------------------

for (const [script, name] of [["mocha --parallel", "test/a.js"], ['jest', 'a.test.js']]) {
  test(`${script}: only the failed tests run again, in another process`, () => {
    const dir = suite({
      [name]: fails('stable', 0) + fails('flaky', 1),
      [name.replace('a', 'b')]: fails('other', 0),
    }, script);
    const done = run(dir, ['--retries=2', '-j2']);
    assert.equal(done.code, 0, done.out);
    assert.deepEqual([tries(dir, 'stable'), tries(dir, 'flaky'), tries(dir, 'other')], [1, 2, 1]);
    const places = journal(dir).filter(e => e.type === 'file_started' && e.file === name).map(e => e.worker);
    assert.equal(places.length, 2);
    assert.notEqual(places[0], places[1]);
    assert.equal(summary(dir).tests.flaky, 1);
  });
}

test('known flaky tests have retries of their own, others keep theirs', () => {
  const dir = suite({ 'test/a.js': fails('known', 1), 'muster.yaml': 'retries: {default: 1}' });
  assert.equal(run(dir, []).code, 0); // learned: it was flaky
  fs.rmSync(path.join(dir, 'known.log'));
  add(dir, { 'test/a.js': fails('known', 3) + fails('unknown', 3), 'muster.yaml': 'retries: {default: 1, flaky: 3}' });
  const done = run(dir, ['--no-fail-fast']);
  assert.equal(done.code, 1);
  assert.deepEqual([tries(dir, 'known'), tries(dir, 'unknown')], [4, 2], done.out);
  assert.deepEqual(summary(dir).failures.map(f => f.test), ['unknown']);
  assert.equal(summary(dir).files.failed, 1);
});

test('more than ten failed tests: no more retries, and it says so', () => {
  const many = Array.from({ length: 14 }, (_, i) => fails('t' + i, 9)).join('');
  const dir = suite({ 'test/a.js': many });
  const done = run(dir, ['--retries=3', '--no-fail-fast']);
  assert.equal(done.code, 1);
  assert.match(done.out, /no more retries: 11 tests have failed, and with more than 10 something else is broken/);
  assert.equal(summary(dir).tests.failed, 14);
  assert.deepEqual(notices(dir).filter(n => n === 'no_retries').length, 1);
  // ten were promised one before that
  assert.deepEqual([tries(dir, 't0'), tries(dir, 't9'), tries(dir, 't10'), tries(dir, 't13')], [2, 2, 1, 1]);
});

test('more than 10 % of 30 tests', () => {
  const good = Array.from({ length: 28 }, (_, i) => `it('g${i}', () => {});`).join('');
  const dir = suite({ 'test/a.js': good + ['a', 'b', 'c', 'd'].map(t => fails(t, 9)).join('') });
  const done = run(dir, ['--retries=1', '--no-fail-fast']);
  assert.match(done.out, /no more retries: 4 of 32 tests have failed, and with more than 10 %/);
  assert.deepEqual(['a', 'b', 'c', 'd'].map(t => tries(dir, t)), [2, 2, 2, 1]);
});

test('a file that crashed is tried again as a whole; the budget of retries ends it', () => {
  const crash = `it('first', () => {}); it('crashes', () => { require('fs').appendFileSync('c.log', 'x'); process.abort(); });`;
  const dir = suite({ 'test/a.js': crash, 'test/b.js': 'it("b", () => {});', 'muster.yaml': 'retries: 5\nretry_budget: 1ms' }, 'mocha --parallel');
  const done = run(dir, ['--no-fail-fast']);
  assert.equal(done.code, 1);
  assert.equal(tries(dir, 'c'), 2);
  assert.match(done.out, /no more retries: they have taken .*, and `retry_budget` allows 1 ms/);
  assert.equal(summary(dir).files.passed, 1);
});

test('the files that waited behind a crash run once more elsewhere', () => {
  const dir = project(['segv', ...Array.from({ length: 8 }, (_, i) => `pass${i}`)]);
  runFake(dir, ['--no-fail-fast', '-j1']);
  assert.deepEqual([summary(dir).files.passed, summary(dir).files.failed], [8, 1]);
});

test('Playwright: its own retries, by our counts', () => {
  const spec = body => `const { test: it } = require('@playwright/test');` + body;
  const dir = suite({
    'playwright.config.js': 'module.exports = { testDir: "e2e" };',
    'e2e/a.spec.js': spec(fails('known', 1) + fails('plain', 0)),
    'muster.yaml': 'retries: {default: 1}',
  }, 'playwright test');
  const first = run(dir, []);
  assert.equal(first.code, 0, first.out);
  fs.rmSync(path.join(dir, 'known.log'));
  add(dir, {
    'e2e/a.spec.js': spec(fails('known', 3) + fails('unknown', 3)), 'muster.yaml': 'retries: {default: 1, flaky: 3}',
  });
  const done = run(dir, ['--no-fail-fast']);
  assert.equal(done.code, 1);
  assert.deepEqual([tries(dir, 'known'), tries(dir, 'unknown')], [4, 2], done.out);
});

test('Playwright: no retries once the engine calls them off', () => {
  const many = Array.from({ length: 3 }, (_, i) => fails('t' + i, 9)).join('');
  const dir = suite({
    'playwright.config.js': 'module.exports = { testDir: "e2e", workers: 1 };',
    'muster.yaml': 'retry_budget: 1ms',
    'e2e/a.spec.js': `const { test: it } = require('@playwright/test');` + many,
  }, 'playwright test');
  const done = run(dir, ['--retries=2', '--no-fail-fast', '-j1']);
  assert.equal(done.code, 1);
  assert.match(done.out, /no more retries: they have taken/);
  assert.equal(summary(dir).tests.failed, 3);
  assert.equal(tries(dir, 't2'), 1); // its first attempt is after the end of the first one's retries
});

// ---- early detection ----------------------------------------------------------------------------

// Fails at its `n`th run.
const failsAt = (title, n) => `
  it('${title}', () => {
    const fs = require('fs');
    fs.appendFileSync('${title}.log', 'x');
    if (fs.readFileSync('${title}.log', 'utf8').length === ${n}) throw new Error('run ${n}');
  });`;

const kinds = {
  mocha: ['mocha', 'test/', '.js', ''],
  jest: ['jest', '', '.test.js', ''],
  playwright: ['playwright test', 'e2e/', '.spec.js', `const { test: it } = require('@playwright/test');`],
};

for (const [name, [script, where, suffix, head]] of Object.entries(kinds)) {
  const file = letter => where + letter + suffix;
  const fresh = body => {
    const dir = suite({
      [file('a')]: head + fails('old', 0),
      ...(name === 'playwright' ? { 'playwright.config.js': 'module.exports = { testDir: "e2e" };' } : {}),
    }, script);
    assert.equal(run(dir, []).code, 0);
    add(dir, { [file('b')]: head + body });
    return dir;
  };

  test(`${name}: new tests run ten times more, others do not, and only when asked for`, () => {
    const dir = fresh(fails('new', 0));
    const done = run(dir, ['--early-detection']);
    assert.equal(done.code, 0, done.out);
    assert.equal(tries(dir, 'old'), 2);
    assert.equal(tries(dir, 'new'), 11);
    assert.match(done.out, /Early {5}1 new or changed test ran 10 times more: all passed · cost /);
    const { early_detection: early, tests, files } = summary(dir);
    assert.deepEqual([early.tests, early.repeats, early.flaky], [1, 10, 0]);
    assert.deepEqual([tests.total, tests.passed, tests.flaky, files.passed], [2, 2, 0, 2]);
    const again = run(dir, ['--early-detection']); // known now
    assert.equal(tries(dir, 'new'), 12);
    assert.doesNotMatch(again.out, /Early/);
    add(dir, { [file('c')]: head + fails('quiet', 0) });
    assert.equal(run(dir, []).code, 0);
    assert.equal(tries(dir, 'quiet'), 1);
  });

  test(`${name}: a new test that fails once fails the run, as flaky`, () => {
    const dir = fresh(failsAt('shaky', 4) + fails('firm', 0));
    const done = run(dir, ['--early-detection', '--no-fail-fast', '--retries=3']);
    assert.equal(done.code, 1, done.out);
    assert.match(done.out, /FLAKY .*shaky \(new, passed 3 times before\)/);
    assert.equal(tries(dir, 'firm'), 11);
    assert.match(done.out, /Early {5}2 new or changed tests ran \d+ times more: 1 flaky · cost/);
    const junit = fs.readFileSync(path.join(dir, '.muster/latest/junit.xml'), 'utf8');
    assert.match(junit, /<failure message="flaky \(new, and passed before\): /);
    if (name !== 'playwright') assert.equal(tries(dir, 'shaky'), 4); // one failure is enough
    const { failures, early_detection: early, tests } = summary(dir);
    assert.deepEqual(failures.map(f => [f.test, f.flaky]), [['shaky', 'new']]);
    assert.deepEqual([early.flaky, tests.failed, tests.total], [1, 1, 3]);
  });
}

test('early detection: tests of changed files, by git', () => {
  const dir = suite({
    'test/a.js': fails('same', 0), 'test/b.js': fails('edited', 0), '.gitignore': '.muster\nnode_modules\n*.log\n',
  });
  const git = (...args) => execFileSync('git', ['-C', dir, '-c', 'user.name=a', '-c', 'user.email=a@b', ...args]);
  git('init', '-q', '-b', 'main');
  git('add', '.');
  git('commit', '-qm', 'one');
  git('checkout', '-qb', 'topic');
  assert.equal(run(dir, ['--early-detection']).code, 0);
  assert.deepEqual([tries(dir, 'same'), tries(dir, 'edited')], [1, 1]);
  add(dir, { 'test/b.js': fails('edited', 0) + '//' });
  git('commit', '-qam', 'two');
  const done = run(dir, ['--early-detection']);
  assert.equal(done.code, 0, done.out);
  assert.deepEqual([tries(dir, 'same'), tries(dir, 'edited')], [2, 12]);
});

test('early detection: no git is said; too many new tests are not repeated, and that is said', () => {
  const dir = suite({ 'test/a.js': fails('old', 0) });
  const first = run(dir, ['--early-detection']);
  assert.equal(first.code, 0);
  assert.match(first.out, /early detection knows no changed files, only new tests: git knows no commit here/);
  assert.equal(tries(dir, 'old'), 1); // without a history nothing is new
  add(dir, { 'test/b.js': Array.from({ length: 31 }, (_, i) => fails('n' + i, 0)).join('') });
  const done = run(dir, ['--early-detection']);
  assert.equal(done.code, 0);
  assert.equal(tries(dir, 'n0'), 1);
  assert.match(done.out, /31 of 32 tests are new or changed: too many/);
});

test('early detection in shards: the merge has it, and is complete', () => {
  const dir = suite({ 'test/a.js': fails('old', 0) });
  assert.equal(run(dir, []).code, 0);
  add(dir, { 'test/b.js': failsAt('shaky', 4), 'test/c.js': fails('firm', 0) });
  assert.equal(run(dir, ['plan', '--shards', '2', '-o', 'plan.json']).code, 0);
  const codes = [1, 2].map(i => run(dir, [
    '--plan', 'plan.json', '--shard', `${i}/2`, '--early-detection', '--no-fail-fast', '--out', `s${i}`,
  ]).code);
  assert.deepEqual(codes.sort(), [0, 1]);
  const done = run(dir, ['merge', 's1', 's2', '--plan', 'plan.json', '--out', 'm']);
  assert.equal(done.code, 1, done.out);
  const merged = JSON.parse(fs.readFileSync(path.join(dir, 'm/summary.json'), 'utf8'));
  assert.deepEqual([merged.verdict, merged.tests.total, merged.tests.failed], ['failed', 3, 1]);
  const { tests, repeats, flaky } = merged.early_detection;
  assert.deepEqual([tests, repeats, flaky], [2, 13, 1]);
  assert.deepEqual(merged.failures.map(f => [f.test, f.flaky]), [['shaky', 'new']]);
});

test('a repetition that crashes the process fails its file', () => {
  const dir = suite({ 'test/a.js': fails('old', 0) });
  run(dir, []);
  add(dir, { 'test/b.js': failsAt('dies', 3).replace('throw new Error(\'run 3\')', 'process.abort()') });
  const done = run(dir, ['--early-detection', '--no-fail-fast']);
  assert.equal(done.code, 1, done.out);
  assert.deepEqual([summary(dir).tests.failed, summary(dir).files.failed, summary(dir).files.passed], [1, 1, 1]);
  assert.match(done.out, /aborted/);
});

// ---- order --------------------------------------------------------------------------------------

test('--shuffle: the same seed is the same order, another is another; the seed is told', () => {
  const files = Object.fromEntries('abcdefgh'.split('').map(f => [`test/${f}.js`, `it('${f}', () => {});`]));
  const dir = suite(files);
  const order = seed => {
    const done = run(dir, ['-j1', `--shuffle=${seed}`]);
    assert.equal(done.code, 0, done.out);
    assert.match(done.out, new RegExp(`Shuffled {2}seed ${seed} `));
    assert.equal(summary(dir).seed, seed);
    return started(dir);
  };
  const [first, second, third] = [order(7), order(8), order(7)];
  assert.deepEqual(first, third);
  assert.notDeepEqual(first, second);
  assert.deepEqual([...first].sort(), [...second].sort());
  assert.equal(run(dir, ['-j1', '--shuffle']).code, 0);
  assert.ok(summary(dir).seed > 0);
  const bad = run(dir, ['--shuffle=x']);
  assert.equal(bad.code, 2);
  assert.match(bad.err, /`--shuffle` expects a whole number from 1/);
});

test('--shuffle in shards: each its files of the plan, all by one seed', () => {
  const dir = suite(Object.fromEntries('abcdefgh'.split('').map(f => [`test/${f}.js`, `it('${f}', () => {});`])));
  const shard = (i, ...args) => {
    const done = run(dir, ['-j1', '--shard', `${i}/2`, ...args]);
    assert.equal(done.code, 0, done.err);
    return { files: started(dir), seed: summary(dir).seed };
  };
  const [one, two] = [shard(1, '--shuffle=7'), shard(2, '--shuffle=7')];
  assert.deepEqual([...one.files, ...two.files].sort(), [...'abcdefgh'].map(f => `test/${f}.js`));
  run(dir, ['-j1', '--shuffle=7']); // each in the order that they have among all
  assert.deepEqual(started(dir).filter(f => one.files.includes(f)), one.files);
  assert.deepEqual(started(dir).filter(f => two.files.includes(f)), two.files);
  run(dir, ['plan', '--shards', '2', '-o', 'plan.json']);
  const [a, b] = [shard(1, '--plan', 'plan.json', '--shuffle'), shard(2, '--plan', 'plan.json', '--shuffle')];
  assert.ok(a.seed > 0 && a.seed === b.seed);
});

test('--shuffle: Jest shuffles the tests of a file, too', () => {
  const titles = 'abcdefghij'.split('');
  const dir = suite({ 'a.test.js': titles.map(t => `it('${t}', () => {});`).join('') }, 'jest');
  const order = seed => {
    assert.equal(run(dir, [`--shuffle=${seed}`]).code, 0);
    return journal(dir).filter(e => e.type === 'test_started').map(e => e.path[0]);
  };
  const first = order(3);
  assert.notDeepEqual(first, titles);
  assert.deepEqual([...first].sort(), titles);
  assert.deepEqual(order(3), first);
});

test('--in-order: the named files in that order, in one worker', () => {
  const dir = suite(Object.fromEntries('abcd'.split('').map(f => [`test/${f}.js`, `it('${f}', () => {});`])));
  const done = run(dir, ['--in-order', 'test/d.js', 'test/a.js', 'test/c.js', '-j2']);
  assert.equal(done.code, 0, done.out);
  assert.deepEqual(started(dir), ['test/d.js', 'test/a.js', 'test/c.js']);
  assert.equal(new Set(journal(dir).filter(e => e.type === 'file_started').map(e => e.worker)).size, 1);
  assert.match(run(dir, ['--in-order']).err, /--in-order needs the files/);
  const shard = run(dir, ['--in-order', 'test/d.js', '--shard', '1/2']);
  assert.equal(shard.code, 2);
  assert.match(shard.err, /--in-order and shards do not go together: what a shard runs is planned/);
});

// ---- muster order -------------------------------------------------------------------------------

const pass = title => `it('${title}', () => {});`;
const polluted = {
  'test/a.js': pass('a'), 'test/b.js': pass('b'),
  'test/c.js': `it('c', () => { globalThis.dirty = true; });`,
  'test/d.js': pass('d'), 'test/e.js': pass('e'),
  'test/f.js': `it('clean', () => { if (globalThis.dirty) throw new Error('dirty'); }); it('other', () => {});`,
  'test/g.js': pass('g'),
};
const answer = (dir, ...args) => {
  const done = run(dir, ['order', '--json', ...args]);
  assert.ok(done.code === 0 || done.code === 1, done.err);
  return { code: done.code, ...JSON.parse(done.out) };
};

test('order: finds the one file that breaks another, and the command that shows it', () => {
  const dir = suite(polluted);
  run(dir, ['--no-fail-fast', '-j1']);
  const latest = fs.readlinkSync(path.join(dir, '.muster/latest'));
  const found = answer(dir, 'test/f.js');
  assert.deepEqual([found.verdict, found.culprits, found.code], ['order_dependent', ['test/c.js'], 1]);
  assert.deepEqual(found.before, ['a', 'b', 'c', 'd', 'e'].map(n => `test/${n}.js`));
  assert.equal(found.rerun, 'muster run --no-fail-fast --suite mocha --in-order test/c.js test/f.js');
  assert.equal(run(dir, found.rerun.split(' ').slice(1)).code, 1);
  assert.deepEqual(summary(dir).failures.map(f => f.test), ['clean']);
  // on record, and out of the way
  const proof = fs.readFileSync(path.join(dir, `.muster/runs/${found.proof_run}/journal.ndjson`), 'utf8')
    .trim().split('\n').map(line => JSON.parse(line));
  const notice = proof.find(e => e.type === 'notice');
  assert.deepEqual([notice.name, notice.file], ['order_dependent', 'test/f.js']);
  assert.equal(proof.at(-1).type, 'run_finished');
  assert.ok(latest !== 'runs/' + found.proof_run);
  const people = run(dir, ['order', 'clean', '--run', path.join(dir, '.muster', latest)]);
  assert.match(people.out, /^test\/f\.js › clean passes alone and fails after test\/c\.js in the same worker\nrerun: muster run/);
});

const flaky = (dir, ...args) => JSON.parse(run(dir, ['flaky', '--json', ...args]).out).tests
  .map(t => [t.file, t.test, t.class, t.behind]);

test('order: what it finds is on the page of flaky tests, until it finds something else', () => {
  const dir = suite(polluted);
  run(dir, ['--no-fail-fast', '-j1']);
  assert.deepEqual(flaky(dir), []); // one failure says nothing
  const found = answer(dir, 'test/f.js'); // the file: of its two tests one fails
  assert.deepEqual(flaky(dir), [['test/f.js', 'clean', 'order_dependent', 'test/c.js']]);
  assert.match(run(dir, ['flaky']).out, new RegExp(`fails behind test/c\\.js, as run ${found.proof_run} proves`));
  assert.deepEqual(flaky(dir, '--class', 'order_dependent', '--since', '1h'), flaky(dir));
  assert.match(run(dir, ['query', 'SELECT test, behind FROM v_flaky', '--csv']).out, /^clean,test\/c\.js$/m);
  assert.equal(run(dir, ['runs', '--csv']).out.trim().split('\n').length, 2); // no run was added to it
  // taken along
  run(dir, ['store', 'export', 'h.zst']);
  run(dir, ['-j1', '--history', 'other.db']);
  run(dir, ['store', 'import', 'h.zst', '--history', 'other.db']);
  assert.deepEqual(flaky(dir, '--history', 'other.db'), flaky(dir));
  // mended, and asked again behind the same files
  fs.writeFileSync(path.join(dir, 'test/c.js'), pass('c'));
  assert.equal(answer(dir, 'test/f.js').verdict, 'not_order_dependent');
  assert.deepEqual(flaky(dir), []);
});

test('order: two files that break it only together', () => {
  const dir = suite({
    ...polluted,
    'test/a.js': `it('a', () => { globalThis.half = 1; });`,
    'test/c.js': `it('c', () => { globalThis.dirty = globalThis.half; });`,
  });
  run(dir, ['--no-fail-fast', '-j1']);
  assert.deepEqual(answer(dir, 'test/f.js › clean').culprits, ['test/a.js', 'test/c.js']);
});

test('order: fails alone, needs another, is not order dependent, is flaky', () => {
  const dir = suite({
    ...polluted,
    'test/b.js': `it('alone', () => { throw new Error('always'); });`,
    'test/d.js': `it('needs', () => { if (!globalThis.dirty) throw new Error('nothing there'); });`,
    'test/e.js': `it('now and then', () => {
      require('fs').appendFileSync('e.log', 'x');
      if (require('fs').readFileSync('e.log', 'utf8').length % 2) throw new Error('odd');
    });`,
  });
  run(dir, ['--no-fail-fast', '-j1']);
  assert.equal(answer(dir, 'test/b.js').verdict, 'fails_alone');
  const needs = answer(dir, 'needs');
  assert.deepEqual([needs.verdict, needs.culprits], ['needs_others', ['test/c.js']]);
  assert.deepEqual(flaky(dir), [['test/d.js', 'needs', 'order_dependent', 'test/c.js']]); // it never failed
  assert.match(run(dir, ['flaky']).out, /failed in none of 1 run \(few samples\)\n +passes only behind test\/c\.js/);
  const good = answer(dir, 'test/g.js');
  assert.deepEqual([good.verdict, good.code], ['not_order_dependent', 0]);
  assert.equal(answer(dir, 'now and then', '--repeat', '3').verdict, 'flaky');
});

test('order: what cannot be answered says why', () => {
  const dir = suite({ 'test/a.js': pass('same'), 'test/b.js': pass('same') });
  assert.match(run(dir, ['order', 'test/a.js']).err, /no recorded run has a file or test/);
  run(dir, []);
  assert.match(run(dir, ['order', 'nothing']).err, /no recorded run has a file or test `nothing`/);
  assert.match(run(dir, ['order', 'same']).err, /2 tests are called `same`\nhelp: say which: `test\/a.js › same`/);
  assert.match(run(dir, ['order']).err, /needs a file or a test/);
  assert.match(run(dir, ['order', 'same', '--repeat', '0']).err, /`--repeat` expects/);
});

test('order: Jest, where only what is outside of its realms is shared', () => {
  const dir = suite({
    'a.test.js': `it('a', () => { process.env.DIRTY = '1'; });`, 'b.test.js': pass('b'),
    'c.test.js': `it('c', () => { if (require('vm').runInThisContext('globalThis.process?.dirty')) throw 1; });`,
  }, 'jest');
  run(dir, ['--no-fail-fast', '-j1']);
  assert.equal(answer(dir, 'c.test.js').verdict, 'not_order_dependent');
});

test('order: Jest, a patched module of Node and a file on disk', () => {
  const dir = suite({
    'globalSetup.js': `module.exports = () => require('fs').rmSync(__dirname + '/cache', { recursive: true, force: true });`,
    'jest.config.js': `module.exports = { globalSetup: './globalSetup.js' };`,
    'a.test.js': pass('a'),
    'b.test.js': `it('b', () => { require('os').hostname = () => 'patched'; });`,
    'c.test.js': `it('c', () => require('fs').mkdirSync(__dirname + '/cache'));`,
    'd.test.js': `it('d', () => expect(require('os').hostname()).not.toBe('patched'));`,
    'e.test.js': `it('e', () => expect(require('fs').existsSync(__dirname + '/cache')).toBe(false));`,
  }, 'jest');
  run(dir, ['--no-fail-fast', '--in-order', ...[...'abcde'].map(x => `${x}.test.js`)]);
  const patched = answer(dir, 'd.test.js');
  assert.deepEqual([patched.verdict, patched.culprits], ['order_dependent', ['b.test.js']]);
  const disk = answer(dir, 'e.test.js');
  assert.deepEqual([disk.verdict, disk.culprits], ['order_dependent', ['c.test.js']]);
  assert.deepEqual(flaky(dir).sort(), [
    ['d.test.js', 'd', 'order_dependent', 'b.test.js'], ['e.test.js', 'e', 'order_dependent', 'c.test.js']]);
});
