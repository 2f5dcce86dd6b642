// What goes wrong in workers: each case gets a clear outcome at the right place, the others run on,
// and nothing is green by accident.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import {
  environment, folder, journal, muster, processes, project, runFake, sanitized, sleep, start, summary, until, fake,
} from './support.mjs';

const bad = [
  // act, kind of the failure, part of its message
  ['segv', 'crash', 'signal 11'],
  ['quit', 'crash', 'exit status 0'],
  ['abort', 'crash', 'aborted'],
  ['killed', 'crash', 'out of memory'],
  ['half', 'protocol', 'JSON'],
  ['garbage', 'protocol', 'JSON'],
  ['wrongtype', 'protocol', 'wrong kind'],
  ['unknown', 'protocol', 'unknown type'],
  ['foreign', 'protocol', 'not given'],
  ['lost', 'protocol', '3 tests'],
  ['liar', 'protocol', 'passed, but tests'],
  ['silent', 'error', 'no test of it did'],
  ['huge', 'protocol', '16 MiB'],
  ['unable', 'protocol', 'cannot go on: map is gone'],
];

for (const [act, kind, text] of bad) {
  test(`${act}: ${kind}, and the other files pass`, () => {
    const dir = project([act, 'pass1', 'pass2', 'pass3']);
    const { code } = runFake(dir, ['--no-fail-fast', '-j2']);
    const result = summary(dir);
    assert.equal(code, 1);
    assert.equal(result.verdict, 'failed');
    assert.deepEqual(result.files, { planned: 4, passed: 3, failed: 1, skipped: 0, not_run: 0 });
    const found = result.failures.filter(f => f.file === `test/${act}.js`);
    assert.ok(found.some(f => f.kind === kind && f.message.includes(text)), JSON.stringify(found, null, 1));
  });
}

test('what is in the summary of a step: files that failed as such, and tests', () => {
  const dir = project(['segv', 'fail', 'pass']);
  const step = path.join(dir, 'step.md');
  runFake(dir, ['--no-fail-fast', '--reporter', 'github'], { GITHUB_STEP_SUMMARY: step });
  const text = fs.readFileSync(step, 'utf8');
  assert.match(text, /<summary><code>test\/segv&#46;js<\/code>.* the worker was killed by signal 11/);
  assert.match(text, /<summary><code>test\/fail&#46;js<\/code> <b>bad<\/b> expected 1 to be 2<\/summary>/);
});

for (const act of ['coveroutside', 'coverup', 'coverearly'])
  test(`${act}: coverage that cannot be is a protocol error`, () => {
    const dir = project([act, 'pass1']);
    const { code } = runFake(dir, ['--no-fail-fast', '--coverage', '-j1']);
    assert.equal(code, 1);
    const [found] = summary(dir).failures.filter(f => f.file === `test/${act}.js`);
    assert.equal(found.kind, 'protocol');
  });

for (const [how, text] of [
  ['coverdie', /not whole: the worker that put it together died/], ['coverfail', /not whole: the tool is broken/],
  ['covercut', /byte \d+/],
])
  test(`${how}: the tests have passed, the coverage is not judged`, () => {
    const dir = project(['pass1', 'pass2']);
    const { code, out } = runFake(dir, ['--coverage', '-j2'], { FAKE: how });
    assert.equal(code, 0, out);
    assert.match(out, text);
    assert.deepEqual([...new Set(summary(dir).gates.map(gate => gate.status))], ['not_evaluated']);
  });

test('a map outside of the run is no map', () => {
  const dir = project(['pass1']);
  const { code, out } = runFake(dir, ['--coverage'], { FAKE: 'coverlie' });
  assert.equal(code, 7);
  assert.match(out, /coverage in a file outside of the run: \/etc\/passwd/);
});

test('coverage of well-behaved workers is judged', () => {
  const dir = project(['pass1', 'pass2']);
  assert.equal(runFake(dir, ['--coverage']).code, 0);
  assert.deepEqual(summary(dir).coverage.lines, { covered: 1, total: 1, pct: 100 });
  assert.equal(summary(dir).gates.every(gate => gate.status === 'passed'), true);
});

test('a result twice ends the worker, not the verdict of other files', () => {
  const dir = project(['twice', 'pass1', 'pass2']);
  const { code } = runFake(dir, ['--no-fail-fast', '-j1']);
  assert.notEqual(code, 0);
  assert.equal(summary(dir).files.passed >= 1, true);
});

// Two suites, so that even files whose order may matter are spread from the first run on.
const ordered = acts => folder({
  'package.json': '{"name":"p"}', 'muster.yaml': 'suites: [{name: a, runner: mocha, root: a}, {name: b, runner: mocha, root: b}]\n',
  'b/test/pass.js': '', ...Object.fromEntries(acts.map(act => [`a/test/${act}.js`, ''])),
});

test('a worker dies under two tests of a suite that may depend on its order: they run again in order', () => {
  const dir = ordered(['afirst', 'pair', 'pass1', 'pass2']);
  const { code, out } = runFake(dir, ['-j2', '--no-fail-fast'], { FAKE_DISCOVERED: '{"ordered":true}', FAKE_APART: 'yes' });
  assert.equal(code, 0, out);
  assert.match(out, /a test failed with the files spread over workers/);
  assert.deepEqual(summary(dir).files, { planned: 5, passed: 5, failed: 0, skipped: 0, not_run: 0 });
});

test('a worker beside the one with the first files begins in the middle of what is left', () => {
  const dir = ordered(['hold', 'mark1', 'mark2', 'mark3', 'mark4', 'mark5']);
  assert.equal(runFake(dir, ['-j2'], { FAKE_DISCOVERED: '{"ordered":true}' }).code, 0);
  assert.deepEqual(fs.readFileSync(path.join(dir, 'a/marks'), 'utf8').trim().split('\n'),
    ['mark3', 'mark4', 'mark5', 'mark2', 'mark1']);
});

test('a busy loop that ignores SIGTERM: timeout at the running test, output kept', () => {
  const dir = project(['hang', 'pass1', 'pass2']);
  const { code, out } = runFake(dir, ['--no-fail-fast', '--timeout', '700ms', '-j2']);
  assert.equal(code, 1);
  const [failure] = summary(dir).failures.filter(f => f.test);
  assert.deepEqual([failure.test, failure.kind], ['spins', 'timeout']);
  assert.match(out, /TIMEOUT .*test\/hang\.js › spins/);
  assert.match(out, /words before the hang/);
  assert.equal(summary(dir).files.passed, 2);
});

test('a file that is never finished: timeout', () => {
  const dir = project(['idle', 'pass1']);
  assert.equal(runFake(dir, ['--no-fail-fast', '--timeout', '500ms']).code, 1);
  assert.equal(summary(dir).failures[0].kind, 'timeout');
});

test('50 MB of output: bounded, its end kept', () => {
  const dir = project(['flood', 'pass1']);
  const { code, out } = runFake(dir, ['--no-fail-fast']);
  assert.equal(code, 1);
  assert.match(out, /THE END/);
  assert.ok(fs.statSync(path.join(dir, '.muster/latest/journal.ndjson')).size < 4 * 1024 * 1024);
  assert.ok(journal(dir).some(e => e.type === 'output' && /bytes of output left out/.test(e.text)));
});

test('a daemon that a test leaves behind is told and killed', async () => {
  const dir = project(['daemon']);
  const { code, out } = runFake(dir, []);
  assert.equal(code, 0);
  assert.match(out, /1 process outlived a worker/);
  assert.equal(processes('7777').length, 0);
});

test('the first failing test stops the run; what did not run is not_run', () => {
  const dir = project(['fail', ...Array.from({ length: 12 }, (_, i) => `slowpass${i}`)]);
  const { code, out } = runFake(dir, ['-j2']);
  const result = summary(dir);
  assert.equal(code, 1);
  assert.equal(result.files.failed, 1);
  assert.ok(result.files.not_run >= 8, out);
  assert.equal(result.files.passed + result.files.failed + result.files.not_run, 13);
  assert.match(out, /stopping: first failure/);
  assert.equal(journal(dir).filter(e => e.type === 'run_cancelled')[0].cancel, 'fail_fast');
});

test('--fail-fast=2 waits for the second', () => {
  const dir = project(['fail1', 'fail2', 'fail3', 'pass']);
  assert.equal(runFake(dir, ['-j1', '--fail-fast=2']).code, 1);
  assert.equal(summary(dir).files.failed, 2);
});

test('--failed runs what was left, and only that', () => {
  const dir = project(['fail', 'pass1', 'pass2']);
  runFake(dir, ['--no-fail-fast']);
  assert.equal(runFake(dir, ['--failed']).code, 1);
  assert.equal(summary(dir).files.planned, 1);
});

test('a retry that passes is flaky, everywhere', () => {
  const dir = project(['flaky', 'pass1', 'pass2']);
  const { code, out } = runFake(dir, ['--retries', '1']);
  assert.equal(code, 0);
  assert.match(out, /FLAKY .*test\/flaky\.js › flaky \(passed on attempt 2 of 2\)/);
  assert.equal(summary(dir).tests.flaky, 1);
  assert.match(fs.readFileSync(path.join(dir, '.muster/latest/junit.xml'), 'utf8'), /<flakyFailure /);
});

test('a broken configuration: exit 2 with the way out; no discovery: infrastructure', () => {
  const dir = project(['pass']);
  const { code, out } = runFake(dir, [], { FAKE: 'error' });
  assert.equal(code, 2);
  assert.match(out, /error: mocha: the configuration is broken\n +at mocharc\.js:3:1\nhelp: mend it/);
});

test('a wrong count in `end` is never green', () => {
  const dir = project(['pass']);
  assert.equal(runFake(dir, [], { FAKE: 'badend' }).code, 7);
});

test('no test files: exit 4', () => {
  const dir = project([], { 'test/readme.txt': '' });
  assert.equal(runFake(dir, []).code, 4);
  assert.equal(runFake(dir, ['--no-tests=pass']).code, 0);
});

test('kill -9 of the program leaves no process and no result lost', async () => {
  const dir = project(['pass1', 'hang', 'hang2']);
  const child = start(dir, ['-j3', '--no-fail-fast'], { MUSTER_TEST_ADAPTERS: fake });
  const latest = path.join(dir, '.muster/latest/journal.ndjson');
  await until(() => fs.existsSync(latest) && /"file_finished"/.test(fs.readFileSync(latest, 'utf8')), 10000);
  child.kill('SIGKILL');
  assert.equal(await until(() => processes(dir).length === 0 && processes(fake).length === 0, 2000), true);
  fs.rmSync(path.join(dir, 'test/hang.js'));
  fs.rmSync(path.join(dir, 'test/hang2.js'));
  const report = runFake(dir, ['report']);
  assert.equal(report.code, 5);
  assert.match(report.out, /PASS .*test\/pass1\.js/);
  assert.equal(runFake(dir, []).code, 0);
  assert.match(runFake(dir, ['runs']).out, /cancelled/); // taken into the history from its journal
});

test('a run that ended before the history had it is taken in by the next one', () => {
  const dir = project(['told']);
  const at = name => path.join(dir, '.muster', name);
  assert.equal(runFake(dir, ['--out', at('elsewhere')]).code, 0);
  fs.renameSync(at('history.db'), at('before.db'));
  // by `kill -9` while reports are written, or a history that is locked or has no room
  fs.mkdirSync(at('history.db'));
  const { code, err } = runFake(dir, [], { FAKE_FAIL: 'told' });
  assert.equal(code, 1);
  assert.match(err, /warning: this run is not in the history yet, the next one tries again: /);
  assert.equal(runFake(dir, ['--no-history']).code, 0); // which is never meant to be in it
  fs.rmdirSync(at('history.db'));
  fs.renameSync(at('before.db'), at('history.db'));
  for (let i = 0; i < 2; i++) assert.equal(runFake(dir, []).code, 0);
  const { runs } = JSON.parse(runFake(dir, ['runs', '--json']).out);
  assert.deepEqual(runs.map(r => r.verdict), ['passed', 'passed', 'failed', 'passed']);
});

test('by a clock that is years behind: the run is kept all the same', () => {
  const dir = project(['pass1']);
  for (let i = 0; i < 30; i++) fs.mkdirSync(path.join(dir, `.muster/runs/20990101-0000${10 + i}-abcdef`), { recursive: true });
  assert.equal(runFake(dir, []).code, 0);
  assert.equal(summary(dir).verdict, 'passed');
});

test('Ctrl-C ends in order: reports are written, the signal is passed on', async () => {
  const dir = project(['pass1', 'hang', 'pass2']);
  const child = start(dir, ['-j2', '--no-fail-fast'], { MUSTER_TEST_ADAPTERS: fake });
  const latest = path.join(dir, '.muster/latest/journal.ndjson');
  await until(() => fs.existsSync(latest) && /"spins"/.test(fs.readFileSync(latest, 'utf8')), 10000);
  const ended = new Promise(resolve => child.on('exit', (code, signal) => resolve(signal)));
  child.kill('SIGINT');
  assert.equal(await ended, 'SIGINT');
  assert.equal(summary(dir).exit_code, 130);
  assert.equal(summary(dir).verdict, 'cancelled');
  await sleep(100);
  assert.equal(processes(fake).length, 0);
});

test('kill -INT reaches a run that a script has put behind itself', async () => {
  const dir = project(['hang']);
  const script = '"$0" -j1 & echo "pid $!"; wait $!; echo "ended $?"';
  const sh = spawn('sh', ['-c', script, muster], {
    cwd: dir, env: environment({ MUSTER_TEST_ADAPTERS: fake }), stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  sh.stdout.on('data', data => out += data);
  const latest = path.join(dir, '.muster/latest/journal.ndjson');
  await until(() => fs.existsSync(latest) && /"spins"/.test(fs.readFileSync(latest, 'utf8')), 10000);
  await until(() => /^pid \d+$/m.test(out), 10000);
  process.kill(Number(/^pid (\d+)$/m.exec(out)[1]), 'SIGINT');
  assert.equal(await until(() => /ended/.test(out), 20000), true);
  assert.match(out, /ended 130/);
  assert.equal(summary(dir).exit_code, 130);
});

test('the budget ends a run with everything recorded: exit 124', () => {
  const dir = project(['hang', 'pass1']);
  assert.equal(runFake(dir, ['--budget', '800ms', '--no-fail-fast']).code, 124);
  assert.equal(summary(dir).exit_reason, 'deadline exceeded');
});

test('files that need the same resource never run at the same time', () => {
  const dir = project(['slowpass1', 'slowpass2', 'slowpass3'], {
    'muster.yaml': 'suites: [{runner: mocha, needs: {db: 1}}]\nresources: {db: 1}\n',
  });
  assert.equal(runFake(dir, ['-j3']).code, 0);
  let running = 0;
  for (const e of journal(dir)) {
    running += { file_started: 1, file_finished: -1 }[e.type] || 0;
    assert.ok(running <= 1);
  }
});

test('a test that takes long gets a SLOW mark', () => {
  const dir = project(['hang']);
  assert.match(runFake(dir, ['--slow', '200ms', '--timeout', '1s']).out, /SLOW \[> .*test\/hang\.js › spins/);
});

test('report gives the bytes of the live run', () => {
  const dir = project(['fail', 'pass1', 'flaky']);
  for (const reporter of ['plain', 'dot', 'junit', 'json', 'ndjson']) {
    const live = path.join(dir, `live.${reporter}`);
    runFake(dir, ['--no-fail-fast', '--retries', '1', `--reporter=${reporter}=${live}`]);
    runFake(dir, ['report', `--reporter=${reporter}=${dir}/again.${reporter}`]);
    assert.equal(
      fs.readFileSync(path.join(dir, `again.${reporter}`), 'utf8'), fs.readFileSync(live, 'utf8'), reporter);
  }
});

test('hostile titles and output: inert in the terminal and on GitHub, and the rerun command is exact', () => {
  const dir = project(['hostile']);
  const { out } = runFake(dir, ['--reporter', 'plain']);
  // eslint-disable-next-line no-control-regex
  assert.doesNotMatch(out, /[\x00-\x08\x0b-\x1f\x7f\u202e]/);
  assert.equal(fs.existsSync(path.join(dir, 'pwned')), false);
  for (const reporters of [['--reporter', 'github'], [], ['--reporter', 'github', '--reporter', 'plain']]) {
    const github = runFake(dir, reporters, { GITHUB_ACTIONS: 'true', CI: 'true' }).out;
    const tokens = new Set();
    let token = null;
    for (const line of github.split('\n')) {
      const stop = /^::stop-commands::([0-9a-f]{32})$/.exec(line);
      if (stop) tokens.add(token = stop[1]);
      else if (token && line === `::${token}::`) token = null;
      else if (!token) assert.match(line, /^$|^::(group|endgroup|error file=)/, line);
    }
    assert.equal(token, null);
    assert.equal(tokens.size, 1);
    assert.equal(github.match(/the end of it|output of test\/hostile\.js/g).length, 1, 'told once');
    assert.match(github, /^::error file=/m);
  }
  const [failure] = summary(dir).failures;
  assert.match(failure.rerun, /^muster run test\/hostile\.js -t '/);
});

test('files that hold what tests have printed are their owner\'s alone', () => {
  const dir = project(['fail']);
  const old = process.umask(0o022);
  runFake(dir, ['--reporter', 'junit=own.xml', '--reporter', 'ndjson=own.ndjson']);
  process.umask(old);
  for (const name of ['own.xml', 'own.ndjson', '.muster/history.db', '.muster/latest/journal.ndjson',
    '.muster/latest/junit.xml', '.muster/latest/summary.json']) {
    assert.equal((fs.statSync(path.join(dir, name)).mode & 0o777).toString(8), '600', name);
  }
});

test('an output that cannot be written is exit 7, and the tests ran', () => {
  const dir = project(['pass1']);
  const { code, err } = runFake(dir, ['--reporter', 'junit=/proc/nowhere/x.xml']);
  assert.equal(code, 7);
  assert.match(err, /error: reporter junit: cannot/);
  assert.equal(summary(dir).files.passed, 1);
});

// The first file that is opened would take the place of one that is closed.
for (const [closed, expected] of [['<&-', 1], ['>&-', 7], ['2>&-', 1], ['<&- >&- 2>&-', 7]])
  test(`${closed}: the journal holds nothing that was meant for it`, () => {
    const dir = project(['pass1', 'fail']);
    const done = spawnSync('sh', ['-c', `exec "$0" --no-fail-fast ${closed}`, muster], {
      cwd: dir, env: environment({ MUSTER_TEST_ADAPTERS: fake }), encoding: 'utf8',
    });
    assert.equal(done.status, expected, done.stderr);
    assert.deepEqual(journal(dir).filter(e => e.type === 'run_finished').map(e => e.exit_code), [1]);
    assert.equal(runFake(dir, ['report', 'latest']).code, 1);
    assert.equal(JSON.parse(runFake(dir, ['runs', '--json']).out).runs.length, 1);
  });

test('signals that were blocked when it was started work', () => {
  const dir = project(['pass1']);
  const script = 'import os, signal, sys; signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals()); os.execv(sys.argv[1], sys.argv[1:])';
  const { status } = spawnSync('python3', ['-c', script, muster], {
    cwd: dir, env: environment({ MUSTER_TEST_ADAPTERS: fake }), timeout: 60000, killSignal: 'SIGKILL',
  });
  assert.equal(status, 0);
});

test('a pipe that does not block and is read late gets all of the output', () => {
  const dir = project(['pass1', 'fail', ...Array.from({ length: 40 }, (_, i) => `pass${i + 2}`)]);
  const script = `import fcntl, os, subprocess, sys, time
r, w = os.pipe()
fcntl.fcntl(w, 1031, 4096)
os.set_blocking(w, False)
child = subprocess.Popen(sys.argv[1:], stdout=w)
os.close(w)
time.sleep(3)
sys.stdout.write(os.fdopen(r).read())
sys.exit(child.wait())`;
  const done = spawnSync('python3', ['-c', script, muster, '--no-fail-fast', '--events'], {
    cwd: dir, env: environment({ MUSTER_TEST_ADAPTERS: fake }), encoding: 'utf8', timeout: 60000, killSignal: 'SIGKILL',
  });
  assert.equal(done.status, 1, done.stderr);
  assert.equal(done.stdout, fs.readFileSync(path.join(dir, '.muster/latest/journal.ndjson'), 'utf8'));
});

test('a folder that was removed, and one whose name node cannot read: usage', () => {
  const dir = project(['pass1']);
  const sh = script => spawnSync('sh', ['-c', script, muster], { cwd: dir, env: environment(), encoding: 'utf8' });
  const gone = sh('mkdir gone; cd gone; rmdir ../gone; exec "$0"');
  assert.equal(gone.status, 2);
  assert.match(gone.stderr, /error: cannot tell the current folder: No such file.*\nhelp: /);
  const odd = sh('d=$(printf "odd\\377"); mkdir "$d"; cp -r package.json test "$d"; cd "$d"; exec "$0"');
  assert.equal(odd.status, 2);
  assert.match(odd.stderr, /error: the path of the project is not UTF-8\nhelp: /);
});

// Blocks of 512 bytes that a file may have: as a disk that gets full sooner or later.
for (const blocks of [0, 8, 80])
  test(`no room for more than ${blocks} blocks a file: exit 7, said what is missing, and the tests ran`, () => {
    const dir = project(['flood', 'pass1', 'pass2']);
    const done = spawnSync('sh', ['-c', `ulimit -f ${blocks}; exec "$0" --no-fail-fast`, muster], {
      // A build that counts its own coverage must not write that under the limit.
      cwd: dir, env: environment({ MUSTER_TEST_ADAPTERS: fake, GCOV_PREFIX: '/dev/null', GCOV_ERROR_FILE: '/dev/null' }),
      encoding: 'utf8', maxBuffer: 1 << 26,
    });
    assert.equal(done.status, 7, done.stdout + done.stderr);
    assert.match(done.stderr, /error: cannot write .*journal\.ndjson: File too large/);
    assert.match(done.stdout, /Summary .* 2 passed, 1 failed/);
    // with room again, everything works, and what got into the journal counts
    assert.ok([0, 1, 2, 5].includes(runFake(dir, ['report']).code));
    fs.rmSync(path.join(dir, 'test/flood.js'));
    assert.equal(runFake(dir, []).code, 0);
    assert.match(runFake(dir, ['runs']).out, /passed/);
  });

test('two runs at once in one project: both are right, and both are in the history', async () => {
  const acts = Array.from({ length: 6 }, (_, i) => `slowpass${i}`);
  const dir = project([...acts, 'fail']);
  const both = [1, 2].map(() => new Promise(resolve => {
    const child = start(dir, ['--no-fail-fast', '-j2'], { MUSTER_TEST_ADAPTERS: fake });
    let text = '';
    child.stdout.on('data', data => { text += data; });
    child.stderr.on('data', data => { text += data; });
    child.on('close', code => resolve({ code, text }));
  }));
  for (const { code, text } of await Promise.all(both)) {
    assert.equal(code, 1, text);
    assert.match(text, /7 tests in 7 files: 6 passed, 1 failed/);
    assert.doesNotMatch(text, /warning|error:/);
  }
  const { runs } = JSON.parse(runFake(dir, ['runs', '--json']).out);
  assert.equal(runs.length, 2);
  assert.notEqual(runs[0].run_id, runs[1].run_id);
  assert.match(runFake(dir, []).out, /history of 2 runs \(6 of 7 files known\)/);
});

test('a damaged history is set aside, the tests run', () => {
  const dir = project(['pass1'], { '.muster/history.db': 'this is not a database, but long enough to look at'.repeat(50) });
  const { code, out } = runFake(dir, []);
  assert.equal(code, 0);
  assert.match(out, /the history was damaged; it is set aside/);
  assert.ok(fs.readdirSync(path.join(dir, '.muster')).some(f => f.startsWith('history.db.broken-')));
});

test('damage that only writing comes by: set aside, and the run is in a new one', () => {
  const dir = project(['fail', 'pass1', 'pass2']);
  const db = path.join(dir, '.muster/history.db');
  runFake(dir, ['--no-fail-fast']);
  // all but the pages that a run reads before its tests: the first ones
  const bytes = fs.readFileSync(db);
  for (let at = 4096; at < bytes.length; at += 4096) {
    const page = bytes.subarray(at, at + 4096);
    if (page.includes('expected 1 to be 2')) page.fill(0xa5);
  }
  fs.writeFileSync(db, bytes);
  const { code, err } = runFake(dir, ['--no-fail-fast']);
  assert.equal(code, 1);
  assert.match(err, /warning: the history was damaged; it is set aside/);
  assert.equal(JSON.parse(runFake(dir, ['runs', '--json']).out).runs.length, 1);
  assert.equal(runFake(dir, ['store', 'check']).code, 0);
});

test('no test ran: the reason is told, unless that is fine', () => {
  const dir = project(['pass1']);
  const none = runFake(dir, ['package.json']);
  assert.equal(none.code, 4);
  assert.match(none.out, /warning: no test ran: no suite has test files below the named paths/);
  const warned = runFake(dir, ['package.json', '--no-tests=warn']);
  assert.equal(warned.code, 0);
  assert.match(warned.out, /warning: no test ran/);
  const fine = runFake(dir, ['package.json', '--no-tests=pass']);
  assert.equal(fine.code, 0);
  assert.doesNotMatch(fine.out, /no test ran/);
  assert.match(runFake(project([], { 'test/README.md': '' }), []).out, /no test ran: mocha found no test file in \./);
});

// Below that libuv itself ends the process.
for (const limit of [9, 10, 12])
  test(`${limit} descriptors: too few for a worker, said as an error`, { skip: sanitized() }, () => {
    const dir = project(['pass1']);
    const done = spawnSync('sh', ['-c', `ulimit -n ${limit}; exec "$0" --no-history`, muster], {
      cwd: dir, env: environment({ MUSTER_TEST_ADAPTERS: fake }), encoding: 'utf8',
    });
    assert.equal(done.signal, null);
    assert.equal(done.status, 7, done.stdout + done.stderr);
    assert.match(done.stdout + done.stderr, /error: .*: too many open files/i);
  });
