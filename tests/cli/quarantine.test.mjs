// Tests in quarantine: they run, are counted and shown, and hold nobody up; an entry that has
// expired protects no more.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { journal, project, run, runFake, summary } from './support.mjs';

const now = Date.parse('2026-11-25T12:00:00Z');
const env = { MUSTER_TEST_NOW: String(now) };
const entry = (file, title, expires = '2026-12-24') => `- file: ${file}\n  test: ${title}
  owner: "@shop/checkout"\n  reason: races with the clock\n  expires: ${expires}\n`;
const latest = (dir, name) => fs.readFileSync(path.join(dir, '.muster/latest', name), 'utf8');

test('a failure in quarantine stops nothing, counts nowhere and is shown everywhere', () => {
  const dir = project(['fail', 'pass1', 'pass2', 'pass3'], { 'quarantine.yaml': entry('test/fail.js', 'bad') });
  const { code, out } = runFake(dir, ['-j1'], env);
  const result = summary(dir);
  assert.equal(code, 0, out);
  assert.equal(result.verdict, 'passed');
  assert.equal(result.exit_code, 0);
  assert.deepEqual(result.files, { planned: 4, passed: 4, failed: 0, skipped: 0, not_run: 0 });
  assert.deepEqual(result.tests, { total: 4, passed: 3, failed: 0, skipped: 0, flaky: 0, quarantined: 1 });
  assert.deepEqual(result.failures, []);
  assert.deepEqual(result.quarantined.map(f => [f.file, f.test, f.message]),
    [['test/fail.js', 'bad', 'expected 1 to be 2']]);
  assert.match(out, /QUAR .*test\/fail\.js › bad \(failed; it is in quarantine\)/);
  assert.match(out, /3 passed, 1 quarantined/);
  assert.match(out, /QUAR {2}test\/fail\.js › bad: expected 1 to be 2/);
  const junit = latest(dir, 'junit.xml');
  assert.match(junit, /tests="4" failures="0" errors="0" skipped="1"/);
  assert.match(junit, /<property name="muster.quarantined" value="true"\/>/);
  assert.match(junit, /<skipped message="quarantined: expected 1 to be 2"\/>\s*<system-out>expected 1 to be 2/);
  assert.ok(!/<failure/.test(junit));
});

test('replayed, reported to GitHub and merged it is the same', () => {
  const dir = project(['fail', 'pass'], { 'quarantine.yaml': entry('test/fail.js', 'bad') });
  const step = path.join(dir, 'step.md');
  const { out } = runFake(dir, ['--reporter', 'github', '--reporter', 'json=summary.json'],
    { ...env, GITHUB_STEP_SUMMARY: step });
  assert.ok(!out.includes('::error'), out);
  assert.match(fs.readFileSync(step, 'utf8'), /### Failed in quarantine\n[^#]*\| test\/fail&#46;js \| bad \| expected 1 to be 2 \|/);
  const first = fs.realpathSync(path.join(dir, '.muster/latest'));
  const replay = run(dir, ['report', '--json'], env);
  assert.equal(replay.code, 0);
  assert.equal(JSON.parse(replay.out).tests.quarantined, 1);
  const merged = run(dir, ['merge', first, '--json', '--out', 'merged'], env);
  assert.equal(merged.code, 0, merged.err);
  assert.equal(JSON.parse(merged.out).tests.quarantined, 1);
  assert.equal(JSON.parse(merged.out).tests.failed, 0);
});

test('what fails beside it counts: another test, the file itself', () => {
  const both = project(['fail1', 'fail2'], { 'quarantine.yaml': entry('test/fail1.js', 'bad') });
  assert.equal(runFake(both, ['--no-fail-fast'], env).code, 1);
  assert.deepEqual(summary(both).failures.map(f => f.file), ['test/fail2.js']);
  const dead = project(['segv', 'pass'], { 'quarantine.yaml': entry('test/segv.js', 'dies') });
  assert.equal(runFake(dead, ['--no-fail-fast'], env).code, 1);
  assert.equal(summary(dead).files.failed, 1);
  const liar = project(['liar', 'pass'], { 'quarantine.yaml': entry('test/liar.js', 'bad') });
  assert.equal(runFake(liar, ['--no-fail-fast'], env).code, 1);
});

test('a worker cannot put its own tests in quarantine', () => {
  const dir = project(['selfquarantine']);
  assert.equal(runFake(dir, [], env).code, 1);
  assert.ok(journal(dir).every(e => !e.quarantined));
});

test('an expired entry protects no more, and is an error with its owner', () => {
  const dir = project(['fail', 'pass'], { 'quarantine.yaml': entry('test/fail.js', 'bad', '2026-11-24') });
  const { code, out } = runFake(dir, ['--no-fail-fast'], env);
  assert.equal(code, 2);
  assert.equal(summary(dir).verdict, 'failed');
  assert.equal(summary(dir).tests.failed, 1);
  assert.match(out, /error: .*test\/fail\.js › bad: its quarantine expired on 2026-11-24 .*owner: @shop\/checkout/);
  assert.equal(run(dir, ['report'], env).code, 2);
  // also when the test passes by now
  const well = project(['pass'], { 'quarantine.yaml': entry('test/pass.js', 'good', '2026-11-24') });
  assert.equal(runFake(well, [], env).code, 2);
  // and not in a run of other files
  const other = project(['fail', 'pass'], { 'quarantine.yaml': entry('test/fail.js', 'bad', '2026-11-24') });
  assert.equal(runFake(other, ['test/pass.js'], env).code, 0);
});

test('an entry without a test and one that ends soon are told', () => {
  const dir = project(['pass1', 'pass2'], {
    'quarantine.yaml': entry('test/pass1.js', 'gone') + entry('test/pass2.js', 'good', '2026-11-27'),
  });
  const { code, out } = runFake(dir, [], env);
  assert.equal(code, 0);
  assert.match(out, /warning: .*test\/pass1\.js › gone: is in quarantine, but there is no such test; owner: @shop/);
  assert.match(out, /warning: .*test\/pass2\.js › good: its quarantine expires on 2026-11-27; owner: @shop/);
});

test('a broken list is a wrong configuration, told before anything runs', () => {
  const dir = project(['pass'], { 'quarantine.yaml': '- file: test/pass.js\n  owner: me\n  expires: 2026-12-24\n' });
  const { code, err } = runFake(dir, [], env);
  assert.equal(code, 2);
  assert.match(err, /an entry needs `reason` \(owner: me\) in quarantine\.yaml:1:3\n {2}1 \| - file/);
  assert.ok(!fs.existsSync(path.join(dir, '.muster/runs')));
  assert.equal(runFake(dir, [], { ...env, MUSTER_QUARANTINE: 'off' }).code, 0);
  const missing = project(['pass'], { 'muster.yaml': 'quarantine: nowhere.yaml\n' });
  assert.doesNotMatch(runFake(missing, [], { ...env, MUSTER_QUARANTINE: 'quarantine.yaml' }).err, /no such quarantine/, 'the usual one, said');
  assert.match(runFake(missing, [], env).err, /no such quarantine file: .*nowhere\.yaml/);
});

test('JUnit: the first attempt is the failure, those behind it are reruns, as surefire writes them', () => {
  const dir = project(['fail', 'pass']);
  assert.equal(runFake(dir, ['--retries', '2', '--no-fail-fast'], env).code, 1);
  assert.deepEqual(latest(dir, 'junit.xml').match(/<(failure|rerunFailure|flakyFailure)\b/g),
    ['<failure', '<rerunFailure', '<rerunFailure']);
});

test('fail_on_flaky: a pass on a further try is a failure', () => {
  const dir = project(['flaky', 'pass']);
  assert.equal(runFake(dir, ['--retries', '1'], env).code, 0);
  const { code, out } = runFake(dir, ['--retries', '1', '--fail-on-flaky'], env);
  assert.equal(code, 1);
  assert.match(out, /failed: 1 flaky, and `fail_on_flaky` is on/);
  assert.equal(summary(dir).verdict, 'failed');
  assert.equal(run(dir, ['report'], env).code, 1);
  const merged = run(dir, ['merge', fs.realpathSync(path.join(dir, '.muster/latest')), '--out', 'm'], env);
  assert.equal(merged.code, 1);
  // what is in quarantine may be flaky
  fs.writeFileSync(path.join(dir, 'quarantine.yaml'), entry('test/flaky.js', 'flaky'));
  assert.equal(runFake(dir, ['--retries', '1', '--fail-on-flaky'], env).code, 0);
});
