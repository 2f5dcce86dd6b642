// What the engine decides: who runs what, where, how often and after what. The fake worker reports times
// instead of taking them, so that nothing here depends on the machine.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import {
  environment, fake, folder, journal, muster, processes, project, run, runFake, sanitized, sleep, summary, until,
} from './support.mjs';
import { terminal } from './terminal.mjs';

const discovered = more => ({ FAKE_DISCOVERED: JSON.stringify(more) });
const mocha = more => `suites: [{runner: mocha${more}}]\n`;
const started = dir => journal(dir).filter(e => e.type === 'file_started');
const workersOf = dir => new Set(started(dir).map(e => e.worker));
const titles = dir => journal(dir).filter(e => e.type === 'test_finished').map(e => e.path[0]).sort();
const notice = (dir, name) => journal(dir).filter(e => e.type === 'notice' && e.name === name);
const many = (act, n) => Array.from({ length: n }, (_, i) => act + i);

// ---- processes ------------------------------------------------------------------------------------

test('isolate: process gives every file a process of its own', () => {
  const dir = project(many('pass', 4), { 'muster.yaml': mocha(', isolate: process') });
  assert.equal(runFake(dir, ['-j2']).code, 0);
  assert.equal(workersOf(dir).size, 4);
});

test('a worker that has grown beyond its share of the memory is replaced between two files', () => {
  const dir = project(many('big', 3));
  assert.equal(runFake(dir, ['-j1']).code, 0);
  assert.equal(workersOf(dir).size, 3);
  const usual = project(many('pass', 3));
  runFake(usual, ['-j1']);
  assert.equal(workersOf(usual).size, 1);
});

test('flags that discovery asks for: the worker starts again with them, and the next run has them at once', () => {
  const dir = project(['asks', 'pass1']);
  const env = discovered({ node_options: ['--no-warnings'] });
  const workers = () => journal(dir).filter(e => e.type === 'worker_started').length;
  assert.equal(runFake(dir, ['-j1'], env).code, 0);
  assert.deepEqual([titles(dir), workers()], [['--no-warnings', 'good'], 2]);
  assert.equal(runFake(dir, ['-j1'], env).code, 0);
  assert.deepEqual([titles(dir), workers()], [['--no-warnings', 'good'], 1]);
  assert.equal(runFake(dir, ['-j1']).code, 0); // no more wanted
  assert.deepEqual([titles(dir), workers()], [['', 'good'], 2]);
});

test('fewer descriptors than workers: fewer workers, the same work', { skip: sanitized() }, () => {
  const dir = project(many('slowpass', 12), { 'muster.yaml': 'suites: [{name: a, runner: mocha}, {name: b, runner: jest}]\n' });
  const done = spawnSync('sh', ['-c', 'ulimit -n 42; exec "$0" -j12 --no-fail-fast', muster], {
    cwd: dir, env: environment({ MUSTER_TEST_ADAPTERS: fake }), encoding: 'utf8',
  });
  assert.equal(done.status, 0, done.stdout + done.stderr);
  assert.equal(summary(dir).files.passed, 24);
  assert.ok(workersOf(dir).size < 12);
});

for (const [how, exit, text] of [
  ['dies', 2, /mocha: the worker exited with status 3 while it started\n(.*\n)?.*no licence was found/],
  ['killed', 7, /mocha: the worker was killed by signal 9 \(Killed\) while it started/],
])
  test(`a worker that ${how} while it starts: exit ${exit}, with its last words`, () => {
    const dir = project(['pass1']);
    const { code, out, err } = runFake(dir, [], { FAKE: how });
    assert.equal(code, exit, out + err);
    assert.match(out + err, text);
  });

test('a node that is none says what it must be', () => {
  const dir = project(['pass1'], { 'bin/node': '#!/bin/sh\necho "no version is set" >&2\nexit 126\n' });
  fs.chmodSync(path.join(dir, 'bin/node'), 0o755);
  const { code, out } = runFake(dir, [], { PATH: `${dir}/bin:${process.env.PATH}` });
  assert.equal(code, 7);
  assert.match(out, /error: mocha: the worker exited with status 126 while it started\n.*no version is set\nhelp: .*Node 18 or newer/);
});

test('no node: infrastructure, and the reason', () => {
  const dir = project(['pass1']);
  const { code, out } = runFake(dir, [], { PATH: dir });
  assert.equal(code, 7);
  assert.match(out, /cannot start node: No such file or directory\nhelp: Node 18 or newer/);
  const covered = runFake(dir, ['--coverage'], { PATH: dir });
  assert.match(covered.out, /no coverage report: the run was stopped before a suite was done$/m, 'what would not help is not said');
});

for (const [how, exit, text] of [
  ['noend', 0, 'warning: mocha: a worker was ended without saying that it was done (signal 9)'],
  ['leaves', 1, 'error: mocha: a worker ended without saying that it was done (exit status 5)'],
])
  test(`a worker that is done and ${how}: its results count, and it is told; no pass if it died`, () => {
    const dir = project(['pass1', 'pass2']);
    const { code, out } = runFake(dir, ['-j1'], { FAKE: how });
    assert.equal(code, exit, out);
    assert.ok(out.includes(text), out);
    assert.equal(summary(dir).files.passed, 2);
    assert.equal(processes(fake).length, 0);
  });

test('a worker that dies with a file it has not begun: the file runs elsewhere, once', () => {
  const dir = project(['pass1', 'pass2']);
  const once = runFake(dir, ['-j1'], { FAKE_DIES: '1' });
  assert.equal(once.code, 0, once.out);
  assert.equal(workersOf(dir).size, 1);
  assert.equal(journal(dir).filter(e => e.type === 'worker_exited' && e.exit_status === 1).length, 1);
  const twice = project(['pass1']);
  assert.equal(runFake(twice, ['-j1'], { FAKE_DIES: '2' }).code, 1);
  assert.deepEqual(summary(twice).failures.map(f => [f.file, f.kind]), [['test/pass1.js', 'crash']]);
});

test('tmpdir: worker gives each worker a folder that is there', () => {
  const dir = project(['asks1'], { 'muster.yaml': mocha(', tmpdir: worker') });
  assert.equal(runFake(dir, ['-j1'], { FAKE_ASKS: 'TMPDIR' }).code, 0);
  assert.match(titles(dir)[0], /\/mocha\/tmp-1$/);
});

test('arguments of the suite, then those of the command line, reach the runner', () => {
  const dir = project(['pass1'], { 'muster.yaml': mocha(', args: [--ui, tdd]') });
  assert.equal(runFake(dir, ['--', '--grep', 'x y'], { FAKE: 'dump' }).code, 0);
  const { init } = JSON.parse(fs.readFileSync(path.join(dir, 'run.json'), 'utf8'));
  assert.deepEqual([init.args, init.suite, init.base, init.root], [['--ui', 'tdd', '--grep', 'x y'], 'mocha', dir, dir]);
});

test('no test ran: what was looked for is told', () => {
  const dir = project(['pass1', 'empty2'], { '.gitignore': '.muster\n' });
  const none = (args, text) => {
    const done = runFake(dir, args, discovered({ files: [{ file: 'test/empty2.js', project: '' }] }));
    assert.equal(done.code, 4, done.out);
    assert.match(done.out, text);
  };
  none([], /no test ran: there is none in the test files/);
  none(['-t', 'zzz'], /no test ran: none matches -t zzz/);
});

// ---- what a worker may not say ---------------------------------------------------------------------

for (const [message, text] of [
  [{ type: 'ready' }, '`ready` out of turn'],
  [{ type: 'discovered', files: [] }, '`discovered` from a worker that was not asked'],
  [{ type: 'setup_done', env: {} }, '`setup_done` out of turn'],
  [{ type: 'teardown_done' }, '`teardown_done` out of turn'],
  [{ type: 'load_failed', file: 'test/x.js' }, '`load_failed` out of turn'],
  [{ type: 'run_finished', exit_code: 0 }, 'a worker cannot send run_finished'],
])
  test(`${message.type} in the middle of a file is a protocol error of that file`, () => {
    const dir = project(['says', 'pass1']);
    assert.equal(runFake(dir, ['--no-fail-fast', '-j1'], { FAKE_MESSAGE: JSON.stringify(message) }).code, 1);
    const [found] = summary(dir).failures;
    assert.deepEqual([found.file, found.kind], ['test/says.js', 'protocol']);
    assert.ok(found.message.includes(text), found.message);
    assert.equal(summary(dir).files.passed, 1);
  });

test('a file without an outcome has failed', () => {
  const dir = project(['vague', 'pass1']);
  assert.equal(runFake(dir, ['--no-fail-fast']).code, 1);
  assert.deepEqual(summary(dir).failures.map(f => [f.file, f.kind, f.message]),
    [['test/vague.js', 'protocol', 'the worker gave no outcome for this file']]);
});

test('what a worker may say beside results reaches the journal', () => {
  const dir = project(['says']);
  const say = message => assert.equal(runFake(dir, [], { FAKE_MESSAGE: JSON.stringify(message) }).code, 0);
  say({ type: 'notice', name: 'odd', text: 'an odd setting', severity: 'warning' });
  assert.deepEqual(notice(dir, 'odd').map(e => [e.suite, e.text]), [['mocha', 'an odd setting']]);
  say({ type: 'output', stream: 'stderr', text: 'words\n' });
  assert.deepEqual(journal(dir).filter(e => e.type === 'output').map(e => [e.file, e.text]), [['test/says.js', 'words\n']]);
});

test('discovery that names a file outside of the project: infrastructure', () => {
  const dir = project(['pass1']);
  const { code, out } = runFake(dir, [], discovered({ files: [{ file: '/etc/passwd', project: '' }] }));
  assert.equal(code, 7);
  assert.match(out, /names a file without a relative path/);
});

test('what discovery found odd is told; a file named twice is one', () => {
  const dir = project(['pass1']);
  const file = { file: 'test/pass1.js', project: '', size: 1 };
  const { code, out } = runFake(dir, [], discovered({
    files: [file, file], notices: [{ name: 'old', text: 'this is an old version' }],
  }));
  assert.equal(code, 0, out);
  assert.match(out, /this is an old version/);
  assert.equal(summary(dir).files.planned, 1);
});

// ---- global set-up ---------------------------------------------------------------------------------

test('a global set-up reaches every worker, and is torn down at the end', () => {
  const dir = project(['asks1', 'asks2', 'asks3']);
  const env = { ...discovered({ global_setup: true }), FAKE_ASKS: 'FROM_SETUP' };
  assert.equal(runFake(dir, ['-j2'], env).code, 0);
  assert.deepEqual(titles(dir), ['is up', 'is up', 'is up']);
  assert.ok(!workersOf(dir).has(1), 'who holds it runs no file');
  assert.ok(fs.existsSync(path.join(dir, 'torn.down')));
  assert.equal(runFake(dir, ['-j2'], { ...env, FAKE_ASKS: 'FAKE_GONE', FAKE_GONE: 'here' }).code, 0);
  assert.deepEqual(titles(dir), ['undefined', 'undefined', 'undefined']);
});

test('coverage when every worker has crashed: another one puts it together', () => {
  const dir = project(['segv']);
  const { code, out } = runFake(dir, ['--coverage', '-j1', '--no-fail-fast']);
  assert.equal(code, 1);
  assert.deepEqual([...new Set(summary(dir).gates.map(g => g.status))], ['not_evaluated'], out);
  assert.equal(journal(dir).filter(e => e.type === 'coverage' && e.delta).length, 1);
  const lost = runFake(project(['pass1']), ['--coverage'], { FAKE: 'coverlost' });
  assert.match(lost.out, /what 2 files had covered when their worker died is lost/);
});

test('it is torn down after a failure, too', () => {
  const dir = project(['fail', ...many('slowpass', 8)]);
  const { code, out } = runFake(dir, ['-j1'], discovered({ global_setup: true }));
  assert.equal(code, 1);
  assert.match(out, /stopping: first failure/);
  assert.ok(fs.existsSync(path.join(dir, 'torn.down')));
});

test('who holds it dies: infrastructure', () => {
  const dir = project(['pass1']);
  const { code, out } = runFake(dir, [], { ...discovered({ global_setup: true }), FAKE: 'setupdies' });
  assert.equal(code, 7);
  assert.match(out, /the process that holds the global set-up died/);
});

test('who holds it names variables that cannot be: infrastructure', () => {
  const dir = project(['pass1']);
  const { code, out } = runFake(dir, [], { ...discovered({ global_setup: true }), FAKE: 'setuplist' });
  assert.equal(code, 7, out);
  assert.match(out, /the worker broke the protocol: `env` has the wrong kind of value/);
});

// ---- services --------------------------------------------------------------------------------------

const server = `const net = require('net'), fs = require('fs');
  process.stdout.write('\\0'); // what is not text must not hide what is
  net.createServer(s => { s.on('error', () => {}); s.end('hello\\n'); }).listen(process.argv[2], '127.0.0.1',
    () => { fs.appendFileSync('ports', process.argv[2] + '\\n'); console.log('it is listening'); });`;
const withService = (service, acts = ['asks']) => project(acts, {
  'muster.yaml': `suites: [{runner: mocha, services: [db]}]\nservices:\n  db:\n${service.map(l => `    ${l}\n`).join('')}`,
  'server.js': server,
});
const command = 'command: [node, server.js, "${port}"]';

for (const ready of ['{tcp: "${port}"}', '{log: is listening}'])
  test(`a service, ready by ${ready}: its port reaches the tests, and it is stopped at the end`, () => {
    const dir = withService([command, `ready: ${ready}`, 'env: {DB_PORT: "at ${port}"}']);
    const { code, out } = runFake(dir, [], { FAKE_ASKS: 'DB_PORT' });
    assert.equal(code, 0, out);
    const [port, ...more] = fs.readFileSync(path.join(dir, 'ports'), 'utf8').trim().split('\n');
    assert.deepEqual([titles(dir), more], [[`at ${port}`], []]);
    assert.equal(processes('server.js').filter(pid => fs.readlinkSync(`/proc/${pid}/cwd`) === dir).length, 0);
  });

for (const [what, service, text] of [
  ['cannot be started', ['command: [no-such-server]'], /service db cannot be started: no-such-server: No such file/],
  ['ends', ['command: [sh, -c, "echo out of licences; exit 9"]', 'ready: {log: never}'],
    /service db ended with exit status 9 before it was ready\n(.*\n)?.*out of licences/],
  ['is never ready', ['command: [sleep, "1000"]', 'ready: {log: never, timeout: 200ms}'],
    /service db was not ready after 200 ms: its output does not show `never`/],
])
  test(`a service that ${what}: infrastructure, no test runs`, () => {
    const dir = withService(service, ['pass1']);
    const { code, out } = runFake(dir, []);
    assert.equal(code, 7, out);
    assert.match(out, text);
    assert.equal(started(dir).length, 0);
  });

test('a service that dies under the tests ends the run', () => {
  const dir = withService(['command: [sh, -c, "until [ -e .muster/latest ] && grep -q test_started .muster/latest/journal.ndjson; do sleep 0.05; done; exit 3"]'], ['hang']);
  const { code, out } = runFake(dir, []);
  assert.equal(code, 7, out);
  assert.match(out, /service db ended with exit status 3/);
});

// ---- order, parts, retries -------------------------------------------------------------------------

test('a serial suite that turns out to be long gets more workers', () => {
  const dir = project(Array.from({ length: 12 }, (_, i) => `grows${i + 10}`));
  const done = runFake(dir, ['-j3', '--timeout', '1m'], discovered({ ordered: true }));
  assert.equal(done.code, 0, done.out);
  assert.equal(new Set(started(dir).slice(0, 3).map(e => e.worker)).size, 1, 'first as its runner has it');
  assert.ok(workersOf(dir).size > 1);
});

const steps = many('step ', 8);
const parts = dir => new Set(started(dir).filter(e => e.parts).map(e => e.part)).size;

function taught(env) {
  const dir = project(['long', 'pass1', 'pass2']);
  assert.equal(runFake(dir, ['-j1', '--no-split'], env).code, 0);
  return dir;
}

test('a file that would be the tail runs in parts: each test once', () => {
  const dir = taught();
  const done = runFake(dir, ['-j4']);
  assert.equal(done.code, 0, done.out);
  assert.ok(parts(dir) > 1, done.out);
  assert.deepEqual(titles(dir), ['good', 'good', ...steps]);
  assert.deepEqual([summary(dir).files.planned, summary(dir).files.passed], [3, 3]);
  assert.equal(runFake(dir, ['-j4', '--no-split']).code, 0);
  assert.equal(parts(dir), 0);
});

test('tests that need those before them: the whole file decides, and it is not split again', () => {
  const env = { FAKE_CHAIN: 'yes' };
  const dir = taught(env);
  const done = runFake(dir, ['-j4'], env);
  assert.equal(done.code, 0, done.out);
  assert.ok(parts(dir) > 1);
  assert.equal(notice(dir, 'split_dependent').length > 0, true);
  assert.deepEqual([summary(dir).tests.passed, summary(dir).tests.failed], [10, 0]);
  assert.equal(runFake(dir, ['-j4'], env).code, 0);
  assert.equal(parts(dir), 0);
});

test('a test that fails in a part and in the whole is one failure', () => {
  const dir = taught();
  assert.equal(runFake(dir, ['-j4', '--no-fail-fast'], { FAKE_BREAKS: 'step 6' }).code, 1);
  assert.deepEqual(summary(dir).failures.map(f => f.test), ['step 6']);
  assert.deepEqual([summary(dir).tests.total, summary(dir).tests.failed], [10, 1]);
});

test('a failed test is tried again in another worker', () => {
  const dir = project(['flaky', ...many('slowpass', 6)], { 'muster.yaml': 'suites: [{name: j, runner: jest}]\n' });
  assert.equal(runFake(dir, ['-j2', '--retries', '1']).code, 0);
  const places = started(dir).filter(e => e.file === 'test/flaky.js').map(e => e.worker);
  assert.equal(places.length, 2);
  assert.notEqual(places[0], places[1]);
});

test('a new test has to pass more often; too many new ones are believed', () => {
  const dir = project(['pass1', 'pass2'], { 'muster.yaml': 'early_detection: on\n' });
  assert.equal(runFake(dir, []).code, 0);
  fs.writeFileSync(path.join(dir, 'test/pass3.js'), '');
  assert.equal(runFake(dir, []).code, 0);
  const again = started(dir).filter(e => e.repeat);
  assert.deepEqual([...new Set(again.map(e => e.file))], ['test/pass3.js']);
  assert.ok(again.length > 1);
  for (const act of many('pass', 60)) fs.writeFileSync(path.join(dir, `test/${act}.js`), '');
  const done = runFake(dir, []);
  assert.equal(done.code, 0);
  assert.match(done.out, /tests are new or changed: too many to run them all again/);
  assert.equal(started(dir).filter(e => e.repeat).length, 0);
});

test('a new test that fails gets no further try; one that fails later has failed', () => {
  const dir = project(['pass1'], { 'muster.yaml': 'early_detection: on\nretries: 2\nfail_fast: 0\n' });
  assert.equal(runFake(dir, []).code, 0);
  fs.writeFileSync(path.join(dir, 'test/flaky.js'), '');
  assert.equal(runFake(dir, []).code, 1);
  assert.deepEqual(summary(dir).failures.map(f => [f.test, f.attempts]), [['flaky', 1]]);
  fs.rmSync(path.join(dir, 'test/flaky.js'));
  fs.writeFileSync(path.join(dir, 'test/odd.js'), '');
  fs.writeFileSync(path.join(dir, 'odd.log'), 'x'); // passes, then fails
  assert.equal(runFake(dir, []).code, 1);
  assert.deepEqual(summary(dir).failures.map(f => [f.file, f.flaky]), [['test/odd.js', 'new']]);
});

test('a plan whose file is gone: said, and never green', () => {
  const dir = project(['pass1', 'pass2']);
  assert.equal(runFake(dir, ['plan', '--shards', '1', '-o', 'plan.json']).code, 0);
  fs.rmSync(path.join(dir, 'test/pass2.js'));
  const { code, out } = runFake(dir, ['--plan', 'plan.json', '--shard', '1/1']);
  assert.equal(code, 5, out);
  assert.match(out, /test\/pass2\.js is in the plan, but the runner does not find it here/);
});

test('a budget that known files cannot keep is out of reach at once', () => {
  const dir = project(many('long', 4));
  assert.equal(runFake(dir, ['-j1']).code, 0);
  fs.writeFileSync(path.join(dir, 'test/slowpass.js'), ''); // nobody knows it: it comes first
  const { code } = runFake(dir, ['-j1', '--budget', '20s']);
  assert.equal(code, 0);
  assert.deepEqual(notice(dir, 'budget_lost').length, 1);
});

test('one seed, one order', () => {
  const dir = project(many('pass', 12));
  const order = seed => {
    assert.equal(runFake(dir, ['-j1', `--shuffle=${seed}`]).code, 0);
    return started(dir).map(e => e.file).join(' ');
  };
  const first = order('7');
  assert.equal(order('7'), first);
  assert.notEqual(order('8'), first);
});

// ---- batches: one process takes the whole suite ------------------------------------------------------

const batch = (acts, more = '', files = {}) => project(acts, { 'muster.yaml': `suites: [{runner: playwright}]\n${more}`, ...files });

test('a batch runs all files in one process; files that do not load have failed', () => {
  const dir = batch(['broken', 'late', 'pass1']);
  assert.equal(runFake(dir, ['--no-fail-fast', '-j3']).code, 1);
  assert.equal(workersOf(dir).size, 1);
  assert.deepEqual(summary(dir).failures.map(f => [f.file, f.kind, f.message, f.line]),
    [['test/broken.js', 'load', 'Unexpected token', 3], ['test/unseen.js', 'load', 'Unexpected token', 3]]);
  // found by the way, but not asked for
  assert.equal(runFake(dir, ['run', 'test/late.js']).code, 0);
  assert.equal(summary(dir).files.planned, 1);
});

test('a batch that needs a new process for the rest gets one', () => {
  const dir = batch(['again1', 'again2', 'pass1']);
  const done = runFake(dir, ['-j2']);
  assert.equal(done.code, 0, done.out);
  assert.deepEqual([workersOf(dir).size, summary(dir).files.passed], [2, 3]);
});

test('a batch that forgets a file: protocol error, never green', () => {
  const dir = batch(['idle', 'pass1']);
  assert.equal(runFake(dir, ['--no-fail-fast']).code, 1);
  const [found] = summary(dir).failures;
  assert.deepEqual([found.file, found.kind], ['test/idle.js', 'protocol']);
  assert.match(found.message, /finished without a result for every file/);
});

test('a batch is told when there are no more retries', () => {
  const dir = batch(['retried']);
  const { code, out } = runFake(dir, ['--no-fail-fast', '--retries', '1']);
  assert.equal(code, 1);
  assert.match(out, /no more retries: 11 tests have failed/);
  assert.ok(fs.existsSync(path.join(dir, 'no.retries')));
});

test('a batch learns which tests have retries of their own', () => {
  const dir = batch(['pass1', 'fail'], 'retries: {default: 1, flaky: 3, quarantined: 0}\n', {
    'quarantine.yaml': '- {file: test/fail.js, test: bad, owner: me, reason: races, expires: 2026-12-24}\n',
  });
  const env = { FAKE: 'dump', MUSTER_TEST_NOW: String(Date.parse('2026-11-25T12:00:00Z')) };
  assert.equal(runFake(dir, [], env).code, 0);
  const { items } = JSON.parse(fs.readFileSync(path.join(dir, 'run.json'), 'utf8'));
  assert.deepEqual(items.map(i => [i.file, i.quarantine]),
    [['test/fail.js', { count: 0, tests: ['bad'] }], ['test/pass1.js', { count: 0, tests: [] }]]);
  // known as flaky from a run before: three instead of one
  const other = batch(['odd'], 'retries: {default: 1, flaky: 3}\nfail_fast: 0\n');
  for (let i = 0; i < 2; i++) runFake(other, [], { MUSTER_COMMIT: 'c0ffee', GITHUB_SHA: 'c0ffee', GITHUB_ACTIONS: 'true' });
  runFake(other, [], { FAKE: 'dump' });
  const [item] = JSON.parse(fs.readFileSync(path.join(other, 'run.json'), 'utf8')).items;
  assert.deepEqual(item.retries, [{ path: ['now and then'], occ: 1, count: 3 }]);
});

test('coverage of a batch is judged', () => {
  const dir = batch(['pass1']);
  assert.equal(runFake(dir, ['--coverage']).code, 0);
  assert.deepEqual(summary(dir).coverage.lines, { covered: 1, total: 1, pct: 100 });
});

test('a long file of a batch is spread by the batch itself; one that needs its order is not again', () => {
  const dir = batch(['long', 'pass1']);
  const env = { FAKE: 'dump', ...discovered({ files: ['long', 'pass1'].map(f => ({ file: `test/${f}.js`, spread_units: 4 })) }) };
  const spread = () => JSON.parse(fs.readFileSync(path.join(dir, 'run.json'), 'utf8')).items.filter(i => i.spread).map(i => i.file);
  assert.equal(runFake(dir, ['-j4'], env).code, 0);
  assert.deepEqual(spread(), [], 'nothing is known yet');
  assert.equal(runFake(dir, ['-j4'], env).code, 0);
  assert.deepEqual(spread(), ['test/long.js']);
  assert.deepEqual(titles(dir), ['good', ...steps]);
});

test('what two suites need is taken by one of them at a time', () => {
  const dir = folder({
    'package.json': '{"name":"p"}', 'a/test/slowpass1.js': '', 'a/test/slowpass2.js': '', 'b/test/slowpass3.js': '', 'b/test/slowpass4.js': '',
    'muster.yaml': 'resources: {db: 1}\nsuites:\n  - {name: a, root: a, runner: playwright, needs: {db: 1}}\n  - {name: b, root: b, runner: jest, needs: {db: 1}}\n',
  });
  const done = runFake(dir, ['-j4']);
  assert.equal(done.code, 0, done.out);
  const running = { a: 0, b: 0 };
  for (const e of journal(dir)) {
    running[e.suite] += { file_started: 1, file_finished: -1 }[e.type] || 0;
    assert.ok(!running.a || !running.b);
  }
});

// ---- signals and keys --------------------------------------------------------------------------------

const ctrlC = '\u0003', ctrlZ = '\u001a';
const atTerminal = (dir, command) => terminal(dir, command, { env: { MUSTER_TEST_ADAPTERS: fake } });
const runs = dir => until(() => {
  try {
    return journal(dir).some(e => e.type === 'test_started');
  } catch {
    return false; // not there yet, or its last line is half written
  }
}, 30000);

test('at a terminal: t and SIGUSR1 say what runs, Ctrl-C ends in order', async () => {
  const dir = project(['waits']);
  const term = atTerminal(dir, [muster]);
  assert.equal(await runs(dir), true, term.text);
  term.keys('t');
  assert.equal(await term.shows(/RUNNING \[ *[\d.]+s\] mocha +test\/waits\.js › for ever/), true, term.text);
  term.text = '';
  process.kill(await term.command(), 'SIGUSR1');
  assert.equal(await term.shows(/RUNNING \[/), true, term.text);
  term.text = '';
  term.size(38, 24);
  assert.equal(await term.shows(/\[ *[\d.]+s\] waits\.js › for ever/), true, term.text);
  term.keys(ctrlC);
  assert.deepEqual(await term.end, { status: null, signal: 2, same: true });
  assert.equal(summary(dir).verdict, 'cancelled');
  assert.match(run(dir, ['runs']).out, /cancelled/);
});

test('Ctrl-\\ ends at once, with everything recorded and the terminal as it was', async () => {
  const dir = project(['hang']);
  const term = atTerminal(dir, [muster]);
  assert.equal(await runs(dir), true, term.text);
  term.keys('\u001c');
  assert.deepEqual(await term.end, { status: null, signal: 15, same: true });
  assert.equal(summary(dir).verdict, 'cancelled');
  assert.match(run(dir, ['runs']).out, /cancelled/);
  assert.equal(processes(dir).length, 0);
});

test('Ctrl-S holds the output back, Ctrl-Q lets it go on: nothing of it is lost', async () => {
  const dir = project(many('slowpass', 6));
  const term = atTerminal(dir, [muster, '-j1']);
  assert.equal(await term.shows(/PASS/), true, term.text);
  term.keys('\u0013');
  await sleep(1000);
  term.keys('\u0011');
  assert.deepEqual(await term.end, { status: 0, signal: null, same: true });
  assert.match(term.text, /6 tests in 6 files/);
});

test('a second Ctrl-C does not wait for a test that ignores every signal, nor for services', async () => {
  const dir = withService(['command: [sh, -c, "trap : TERM; while :; do sleep 0.1; done"]'], ['hang']);
  const term = atTerminal(dir, [muster]);
  assert.equal(await runs(dir), true, term.text);
  term.keys(ctrlC);
  assert.equal(await term.shows(/stopping: interrupted/), true, term.text);
  term.keys(ctrlC);
  assert.deepEqual(await term.end, { status: null, signal: 2, same: true });
  assert.equal(processes(dir).length, 0);
});

// In state T: stopped by a signal.
const stopped = pid => /\) T /.test(fs.readFileSync(`/proc/${pid}/stat`, 'utf8'));

test('Ctrl-Z suspends workers and services, fg goes on', async () => {
  const dir = withService([command, 'ready: {log: is listening}'], ['waits']);
  const term = atTerminal(dir, ['bash', '--norc', '--noediting', '-i']);
  assert.equal(await term.shows(/[#$] $/), true);
  term.keys(`"${muster}"\n`);
  assert.equal(await runs(dir), true, term.text);
  const own = word => processes(word).filter(pid => fs.readlinkSync(`/proc/${pid}/cwd`) === dir
    && !fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('__supervise'));
  const [worker] = own('mocha.cjs'), [service] = own('server.js');
  term.keys(ctrlZ);
  assert.equal(await term.shows(/Stopped/), true, term.text);
  assert.equal(await until(() => stopped(worker) && stopped(service), 10000), true);
  term.text = '';
  term.keys('fg\n');
  assert.equal(await until(() => !stopped(worker) && !stopped(service), 10000), true);
  term.keys(ctrlC);
  assert.equal(await term.shows(/Summary /), true, term.text);
  term.keys('exit\n');
  await term.end;
  assert.equal(summary(dir).verdict, 'cancelled');
});

test('a worker has its streams and its channel, nothing of its siblings, of the journal or the history', () => {
  const dir = project(['holds1', 'holds2', 'holds3']);
  const { code, out } = runFake(dir, ['-j3', '--no-fail-fast']);
  assert.equal(code, 0, out);
  assert.deepEqual(titles(dir), ['1 2 3', '1 2 3', '1 2 3']);
});
