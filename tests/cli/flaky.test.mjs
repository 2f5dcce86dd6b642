// What the history says of flaky, slow and broken tests, and the quarantine by it. Twelve runs of a
// worker that fails as it is told, each with its commit, half a day apart.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { folder, project, run, runFake } from './support.mjs';

const runs = 12;
const now = Date.parse('2026-11-25T12:00:00Z');
const at = i => ({ MUSTER_TEST_NOW: String(now - (runs - i) * 43200e3), LC_ALL: 'C.UTF-8', CI: 'true' });
const ci = i => ({
  ...at(i), GITHUB_ACTIONS: 'true', GITHUB_REF_NAME: i === 12 ? 'change' : 'main',
  GITHUB_SHA: String(i === 5 ? 4 : i).padStart(40, 'c'), // run 5 repeats the commit of run 4
});
const told = i => [
  [2, 5, 8].includes(i) && 'told1:once', i === 4 && 'told2', i > 7 && 'told3',
  [3, 6].includes(i) && 'told4:once', [1, 3, 7, 9, 11].includes(i) && 'told5', i === 12 && 'told6',
].filter(Boolean).join(',');

const dir = project(['told1', 'told2', 'told3', 'told4', 'told5', 'told6', 'pass1'], {
  CODEOWNERS: '*.js @shop/all\n/test/told1.js @shop/checkout\n',
});
for (let i = 1; i <= runs; i++) {
  runFake(dir, ['--retries', '1', '--no-fail-fast', '--reporter', 'dot'], {
    ...ci(i), FAKE_FAIL: told(i), FAKE_SAYS: `element ${i}00 not found in ${i}.5s`,
    FAKE_KIND: [3, 6].includes(i) ? 'timeout' : 'assertion',
  });
}
const ask = (args, env) => run(dir, args, { ...at(runs), ...env });
const json = args => JSON.parse(ask([...args, '--json']).out);
const classes = args => json(['flaky', ...args]).tests.map(t => `${t.file.slice(5, -3)} ${t.class}`).sort();

test('flaky: each class by what was seen, and broken is not flaky', () => {
  assert.deepEqual(classes([]), [
    'told1 flaky_retry', 'told2 flaky_same_commit', 'told3 broken', 'told4 timeout_flaky', 'told5 transitioning',
  ]);
  const doc = json(['flaky']);
  assert.equal(doc.schema, 'muster/flaky/1');
  const t = doc.tests.find(x => x.file === 'test/told1.js');
  assert.deepEqual([t.suite, t.test, t.runs, t.failures, t.retried_passes, t.flips, t.quarantined],
    ['mocha', 'works', 12, 0, 3, 0, false]);
  assert.ok(t.rate_low > 0.05 && t.rate_low < t.rate && t.rate < t.rate_high && t.rate_high < 0.6, JSON.stringify(t));
  assert.ok(Math.abs(t.rate - 3.5 / 13) < 0.05);
  assert.equal(t.first_seen, new Date(now - 10 * 43200e3).toISOString());
  assert.equal(t.first_seen_commit, '2'.padStart(40, 'c'));
  assert.equal(t.last_seen_commit, '8'.padStart(40, 'c'));
  assert.equal(t.owners, '@shop/checkout');
  assert.match(t.last_message, /element \d+ not found/);
  assert.deepEqual(t.messages.map(m => m.attempts), [3]); // numbers differ, the message is one
  assert.ok(t.cost_ms > 0);
});

test('history: by a part of the path, of the title, or the name that every report prints', () => {
  const names = word => json(['history', word]).tests.map(t => t.file.slice(5, -3));
  assert.equal(names('works').length, 6);
  assert.deepEqual(names('told3'), ['told3']);
  assert.deepEqual(names('test/told3.js › works'), ['told3']);
  assert.deepEqual(names('told3.js › works'), ['told3']);
  assert.deepEqual(names('told3.js › nope'), []);
});

test('flaky: filters', () => {
  assert.deepEqual(classes(['--owner', '@shop/checkout']), ['told1 flaky_retry']);
  assert.deepEqual(classes(['--class', 'broken']), ['told3 broken']);
  assert.equal(classes(['--limit', '2']).length, 2);
  assert.deepEqual(classes(['--suite', 'nope']), []);
  assert.deepEqual(classes(['--since', '2026-11-24', '--class', 'flaky_retry']), []);
  assert.ok(!classes(['--branch', 'change']).includes('told1 flaky_retry'));
  assert.match(ask(['flaky', '--since', 'soon']).err, /`--since` expects a time such as 30d/);
  assert.match(ask(['flaky', '--limit', '0']).err, /`--limit` expects/);
  assert.match(ask(['flaky', '--class', 'bad']).err, /flaky_retry/);
  assert.match(ask(['flaky', '--csv', '--json']).err, /exclude each other/);
});

test('flaky: for people, in 80 columns and in ASCII', () => {
  const { out } = ask(['flaky'], { COLUMNS: '80' });
  assert.match(out, /^4 flaky, 1 broken; failed and repeated attempts cost /);
  assert.match(out, / 2\d % {2}\d+-\d+ % +▁▄▁▁▄▁▁▄▁▁▁▁ {2}flaky_retry\n {7}test\/told1\.js › works\n/);
  assert.match(out, /3 passed on a retry of 12 runs, since c{8} \(2026-11-20\)\n {7}owner @shop\/checkout/);
  assert.match(out, /Broken, not flaky[^]*5 in a row +▁▁▁▁▁▁▁▇▇▇▇▇ {2}broken\n {7}test\/told3\.js/);
  for (const line of out.split('\n')) assert.ok([...line].length <= 80, line);
  const ascii = ask(['flaky'], { LC_ALL: 'C' }).out;
  assert.match(ascii, /\.x\.\.x\.\.x\.\.\.\. {2}flaky_retry/);
});

test('flaky: CSV and Markdown', () => {
  const csv = ask(['flaky', '--csv']).out.split('\r\n');
  assert.match(csv[0], /^suite,file,test,class,rate,rate_low,rate_high,runs,/);
  assert.equal(csv.length, 7);
  assert.ok(csv.some(row => /,"'@shop\/checkout",/.test(row)), csv.join('\n')); // no formula for a spreadsheet
  const markdown = ask(['flaky', '--markdown']).out.split('\n');
  assert.equal(markdown[1], '|---'.repeat(17) + '|');
  assert.ok(markdown.slice(2, -1).every(row => row.split('|').length === 19), markdown.join('\n'));
});

test('slow, history, runs', () => {
  const slow = json(['slow', '-n', '3']);
  assert.equal(slow.schema, 'muster/slow/1');
  assert.equal(slow.tests.length, 3);
  assert.ok(slow.tests[0].mean_ms >= slow.tests[1].mean_ms);
  const one = ask(['history', 'told2'], { COLUMNS: '120' }).out;
  assert.match(one, /test\/told2\.js › works\n\n/);
  assert.match(one, / failed +1\.0 ms {2}main c{7} {2}element \d+ not found/);
  assert.equal(one.match(/ passed /g).length, 11);
  assert.match(ask(['history', 'nothing']).err, /nothing is recorded of `nothing`/);
  const all = json(['runs', '--limit', 'all']).runs;
  assert.equal(all.length, runs);
  assert.equal(json(['runs', '--branch', 'change']).runs.length, 1);
  assert.equal(json(['runs', '--since', '36h']).runs.length, 4);
  assert.match(ask(['runs', '-n', '1']).out, /^\S+ failed +[\d.]+s +7 tests, 2 failed {2}change c{7}\n$/);
  assert.equal(ask(['runs', '--csv']).out.split('\r\n').length, runs + 2);
});

test("GitHub's summary says what was known before", () => {
  const step = path.join(dir, 'step.md');
  runFake(dir, ['test/told1.js', 'test/told6.js', '--retries', '1', '--no-history'], {
    ...ci(runs), FAKE_FAIL: 'told1:once,told6:once', GITHUB_STEP_SUMMARY: step,
  });
  assert.match(fs.readFileSync(step, 'utf8'), /told6&#46;js \| works \| 2 \| not known as flaky \|/);
  fs.rmSync(step);
  fs.copyFileSync(path.join(dir, '.muster/history.db'), path.join(dir, 'copy.db'));
  runFake(dir, ['test/told1.js', 'test/told6.js', '--retries', '1', '--history', 'copy.db'], {
    ...ci(runs), FAKE_FAIL: 'told1:once,told6:once', GITHUB_STEP_SUMMARY: step,
  });
  const text = fs.readFileSync(step, 'utf8');
  assert.match(text, /### Flaky\n\n\| file \| test \| attempts \| before \|/);
  assert.match(text, /told1&#46;js \| works \| 2 \| flaky&#95;retry, 2\d % &#40;\d+&#45;\d+ %&#41; of 12 runs \|/);
  assert.match(text, /told6&#46;js \| works \| 2 \| not known as flaky \|/);
});

test('order_dependent: fails behind another file in the same worker, and only there', () => {
  const dir = project(['dirty', 'pass', 'victim']);
  for (let i = 0; i < 10; i++) {
    const paths = i % 2 ? ['test/pass.js', 'test/victim.js'] : ['test/dirty.js', 'test/victim.js'];
    runFake(dir, [...paths, '-j1', '--no-fail-fast', '--reporter', 'dot'], ci(i));
  }
  const doc = JSON.parse(run(dir, ['flaky', '--json'], at(10)).out);
  assert.deepEqual(doc.tests.map(t => [t.file, t.class, t.behind]),
    [['test/victim.js', 'order_dependent', 'test/dirty.js']]);
  assert.match(run(dir, ['flaky'], at(10)).out, /failed in 5 of 5 runs behind test\/dirty\.js, in 0 of 5 others/);
});

test('tests that are gone leave the page, those that were only not run stay', () => {
  const files = ['told1', 'told2', 'told3', 'told4', 'told5', 'pass1', 'pass2', 'pass3', 'pass4', 'pass5'];
  const dir = project(files);
  let i = 0;
  const once = (env, ...args) => runFake(dir, [...args, '--retries', '1', '--no-fail-fast', '--reporter', 'dot'], { ...ci(i++), GITHUB_REF_NAME: 'main', ...env });
  const page = (...args) => JSON.parse(run(dir, ['flaky', '--json', ...args], at(i)).out).tests.map(t => `${t.file.slice(5, -3)} ${t.test}`).sort();
  for (let k = 0; k < 4; k++)
    once({ FAKE_FAIL: 'told1:once,told2:once' });
  assert.deepEqual(page(), ['told1 works', 'told2 works']);
  // one file alone, a branch that has no such test, a file that does not load: all that says nothing
  for (let k = 0; k < 4; k++)
    once({}, 'test/told3.js');
  for (let k = 0; k < 4; k++)
    once({ GITHUB_REF_NAME: 'change', FAKE_TITLE: 'renamed' });
  assert.deepEqual(page(), ['told1 works', 'told2 works']);
  once({ FAKE_TITLE: 'renamed' });
  once({ FAKE_TITLE: 'renamed' });
  assert.deepEqual(page(), ['told1 works', 'told2 works']); // twice may be an accident
  once({ FAKE_FAIL: 'told2', FAKE_TITLE: 'renamed' }); // the file of told2 did not pass
  assert.deepEqual(page(), ['told2 works']);
  assert.deepEqual(page('--all'), ['told1 works', 'told2 works']);
  assert.doesNotMatch(run(dir, ['quarantine', 'suggest'], at(i)).out, /told1/);
  assert.match(run(dir, ['flaky'], at(i)).out, /^1 more is gone \(deleted, renamed, not seen for long\); `--all` shows it$/m);
  const listed = (command, ...args) => JSON.parse(run(dir, [command, '--json', ...args], at(i)).out).tests.map(t => `${t.file} ${t.test}`);
  for (const command of ['slow', 'history']) {
    assert.ok(!listed(command, '--limit', 'all').includes('test/told1.js works'), command);
    assert.ok(listed(command, '--all').includes('test/told1.js works'), command);
    assert.ok(listed(command).includes('test/told1.js renamed'), command);
  }
  assert.deepEqual(listed('history', 'told1.js'), ['test/told1.js renamed']);
  assert.equal(listed('slow', '-n', '2').length, 2, 'those that are there fill the page');
  assert.match(run(dir, ['history', 'told1.js › works'], at(i)).out, /^1 more is gone \(.*\); `--all` shows it\n$/);
  assert.equal(run(dir, ['history', 'told1.js › works'], at(i)).err, '');
  // back again
  once({});
  assert.deepEqual(page(), ['told1 works', 'told2 works']);
  // the file is deleted: three whole runs without it
  fs.rmSync(path.join(dir, 'test/told2.js'));
  once({});
  once({});
  assert.deepEqual(page(), ['told1 works', 'told2 works']);
  once({});
  assert.deepEqual(page(), ['told1 works']);
  // nobody ran the suite for a month
  runFake(dir, ['test/pass1.js'], { ...ci(i), MUSTER_TEST_NOW: String(now + 40 * 86400e3) });
  assert.deepEqual(page(), []);
  assert.match(run(dir, ['flaky'], at(i)).out, /^no flaky tests are known\n2 more are gone/);
});

test('no history, and one run', () => {
  const none = run(folder({ 'package.json': '{}' }), ['flaky'], at(1));
  assert.equal(none.code, 2);
  assert.match(none.err, /there is no history at .*\nhelp: a first `muster` makes it/);
  const single = project(['flaky', 'pass']);
  runFake(single, ['--retries', '1'], at(1));
  assert.match(run(single, ['flaky'], at(1)).out, /1 passed on a retry of 1 run \(few samples\), since/);
  const well = project(['pass']);
  runFake(well, [], at(1));
  assert.equal(run(well, ['flaky'], at(1)).out, 'no flaky tests are known\n');
  assert.deepEqual(JSON.parse(run(well, ['flaky', '--json'], at(1)).out), { schema: 'muster/flaky/1', tests: [] });
});

// ---- quarantine by what the history knows

const list = () => fs.readFileSync(path.join(dir, 'quarantine.yaml'), 'utf8');
const add = (...args) => ask(['quarantine', 'add', ...args]);
const rest = ['--owner', '@shop/checkout', '--reason', 'a "race" #1', '--expires', '30d'];

test('quarantine: add, list, remove; comments stay', () => {
  assert.equal(add('test/told1.js › works', ...rest).out, 'in quarantine: test/told1.js › works (quarantine.yaml)\n');
  fs.writeFileSync(path.join(dir, 'quarantine.yaml'), `# ours\n${list()}# tail\n`);
  assert.equal(add('test/told2.js', 'works', ...rest).code, 0);
  assert.equal(list(), '# ours\n' + ['told1', 'told2'].map(name =>
    `- file: "test/${name}.js"\n  test: "works"\n  owner: "@shop/checkout"\n  reason: "a \\"race\\" #1"\n` +
    '  expires: "2026-12-25"\n').join('') + '# tail\n');
  const doc = json(['quarantine', 'list']);
  assert.equal(doc.schema, 'muster/quarantine/1');
  assert.deepEqual(doc.tests.map(t => [t.file, t.status, t.runs, t.failures, t.passes_in_row]),
    [['test/told1.js', 'active', 12, 3, 4], ['test/told2.js', 'active', 12, 1, 8]]);
  assert.match(ask(['quarantine']).out, /test\/told1\.js › works\n {4}active, expires 2026-12-25, owner @shop\/checkout/);
  assert.equal(json(['flaky']).tests.filter(t => t.quarantined).length, 2);
  assert.equal(ask(['quarantine', 'remove', 'test/told1.js › works']).code, 0);
  assert.ok(!list().includes('told1') && list().startsWith('# ours\n- file: "test/told2.js"'));
  assert.match(ask(['quarantine', 'remove', 'test/told1.js', 'works']).err, /not in quarantine/);
});

test('quarantine add: refuses what cannot be', () => {
  assert.match(add('test/told1.js', 'wroks', ...rest).err, /the history knows no test `wroks` in test\/told1\.js/);
  assert.match(add('test/none.js', ...rest).err, /no such test file: test\/none\.js/);
  assert.match(add('test/told2.js', 'works', ...rest).err, /the same test as in line/);
  assert.match(add('test/told1.js', 'works').err, /an entry needs an owner and a reason/);
  assert.match(add('test/told1.js', 'works', ...rest.slice(0, 4)).err, /`--expires` expects a day/);
  assert.match(add('test/told1.js', 'works', ...rest.slice(0, 4), '--expires', '2026-11-24').err, /is in the past/);
  assert.match(add().err, /which test\?/);
  assert.match(ask(['quarantine', 'nope']).err, /does not know `nope`/);
});

test('quarantine check: expired and unknown entries, each with its place and owner', () => {
  assert.equal(ask(['quarantine', 'check']).code, 0);
  const before = list();
  fs.writeFileSync(path.join(dir, 'quarantine.yaml'), `${before}
- file: test/told5.js
  owner: "@late"
  reason: r
  expires: 2026-11-24
- {file: test/told4.js, test: gone, owner: "@lost", reason: r, expires: 2027-01-01}
- {file: test/deleted.js, owner: "@lost", reason: r, expires: 2027-01-01}
`);
  const { code, err } = ask(['quarantine', 'check']);
  assert.equal(code, 2);
  assert.match(err, /error: the quarantine of `test\/told5\.js` has expired; owner: @late in quarantine\.yaml:\d+:12\n +\d+ \| +expires: 2026-11-24\n/);
  assert.match(err, /error: there is no test `test\/told4\.js › gone`; owner: @lost in quarantine\.yaml:\d+:3/);
  assert.match(err, /error: there is no test `test\/deleted\.js`; owner: @lost/);
  const doc = ask(['quarantine', 'check', '--json']);
  assert.equal(doc.code, 2);
  assert.deepEqual(JSON.parse(doc.out).tests.map(t => t.status), ['active', 'expired', 'unknown', 'unknown']);
  fs.writeFileSync(path.join(dir, 'quarantine.yaml'), before);
});

test('quarantine suggest: flaky ones in, broken ones never, stable ones out', () => {
  const doc = json(['quarantine', 'suggest']);
  assert.deepEqual(doc.add.map(t => t.file).sort(), ['test/told1.js', 'test/told4.js', 'test/told5.js']);
  assert.deepEqual(doc.release, []);
  const text = ask(['quarantine', 'suggest']).out;
  const line = text.split('\n').find(l => l.includes('told4'));
  assert.match(line, /^muster quarantine add test\/told4\.js works --owner @shop\/all --reason '.*' --expires 2026-12-25$/);
  // it failed in 5 of 12 runs: twenty passes in a row are no luck
  assert.equal(add('test/told5.js', 'works', ...rest).code, 0);
  for (let i = 0; i < 19; i++) {
    runFake(dir, ['test/told5.js', '--reporter', 'dot'], { ...ci(runs), MUSTER_TEST_NOW: String(now + i * 1000) });
  }
  assert.deepEqual(json(['quarantine', 'suggest']).release.map(t => [t.file, t.passes, t.command]),
    [['test/told5.js', 20, 'muster quarantine remove test/told5.js works']]);
  // told2 failed once in 12: that it passed 8 times says nothing
});
