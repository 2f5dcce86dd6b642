// The real frameworks, through the program: tests/fixtures/mixed has a suite of each.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { environment, here, journal, muster, processes, run, start, summary, until } from './support.mjs';

const fixture = path.join(here, '../fixtures/mixed');

// A copy with the installed packages linked in: runs leave their traces there.
function copy() {
  const dir = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'muster-real-')));
  process.on('exit', () => fs.rmSync(dir, { recursive: true, force: true }));
  fs.cpSync(fixture, dir, {
    recursive: true, filter: f => !f.startsWith(path.join(fixture, 'node_modules')) && !f.includes('.muster'),
  });
  fs.symlinkSync(path.join(fixture, 'node_modules'), path.join(dir, 'node_modules'));
  return dir;
}

const env = more => ({ FIXTURE_ID: String(Math.random()).slice(2), ...more });

// "file › title #n" -> outcome, of the last attempt
function outcomes(dir) {
  const result = {};
  for (const e of journal(dir)) {
    if (e.type !== 'test_finished' || e.will_retry) continue;
    result[`${e.file} › ${e.path.join(' › ')}${e.occ > 1 ? ' #' + e.occ : ''}`] = e.outcome;
  }
  return result;
}

test('three suites in one run: the same tests as the runners alone', () => {
  const dir = copy();
  const more = env();
  const { code, out } = run(dir, [], more);
  assert.equal(code, 0, out);
  assert.deepEqual(outcomes(dir), {
    'src/outcomes.test.js › outcomes › passes': 'passed',
    'src/outcomes.test.js › outcomes › is skipped': 'skipped',
    'src/outcomes.test.js › outcomes › is to be written': 'skipped',
    'src/outcomes.test.js › outcomes › row 1': 'passed',
    'src/outcomes.test.js › outcomes › row 2': 'passed',
    'src/outcomes.test.js › outcomes › same title': 'passed',
    'src/outcomes.test.js › outcomes › same title #2': 'passed',
    'src/outcomes.test.js › outcomes › has the environment of the set-up': 'passed',
    'src/isolated1.test.js › files do not share globals': 'passed',
    'src/isolated2.test.js › files do not share globals': 'passed',
    'src/failing.test.js › cart (total) › is $5 "exactly" [really]': 'skipped',
    'src/failing.test.js › cart (total) › is not this one': 'passed',
    'src/retries.test.js › passes at the second try': 'passed',
    'api/api.spec.js › api › passes': 'passed',
    'api/api.spec.js › api › is pending': 'skipped',
    'api/api.spec.js › api › same': 'passed',
    'api/api.spec.js › api › same #2': 'passed',
    'api/api.spec.js › api › inner › is retried': 'passed',
    'api/failing.spec.js › failures › passes': 'passed',
    'e2e/page.spec.js › page › shows its heading': 'passed',
    'e2e/page.spec.js › page › is skipped': 'skipped',
    'e2e/page.spec.js › page › fails as expected': 'passed',
    'e2e/page.spec.js › page › passes at the second try': 'passed',
    'e2e/failing.spec.js › may fail': 'passed',
  });
  assert.equal(summary(dir).tests.flaky, 3); // one in each framework
  const log = path.join(os.tmpdir(), 'muster-fixture-' + more.FIXTURE_ID);
  assert.equal(fs.readFileSync(log, 'utf8'), 'setup\nteardown\n'); // once, and undone
  fs.rmSync(log);
  const again = run(dir, ['runs', '--json'], env());
  assert.equal(JSON.parse(again.out).runs.length, 1);
  assert.match(run(dir, [], env()).out, /history of 1 run \(\d+ of \d+ files known\)/);
});

test('each failure comes with a rerun command that runs exactly that test', () => {
  const dir = copy();
  const more = env({ FIXTURE_FAIL: 'mocha playwright timeout hook' });
  const { code } = run(dir, ['--no-fail-fast'], more);
  assert.equal(code, 1);
  const failures = summary(dir).failures;
  assert.deepEqual(failures.map(f => [f.file, f.kind]).sort(), [
    ['api/failing.spec.js', 'assertion'], ['api/failing.spec.js', 'hook'],
    ['api/failing.spec.js', 'timeout'], ['e2e/failing.spec.js', 'assertion'],
    ['src/failing.test.js', 'assertion'],
  ]);
  for (const failure of failures.filter(f => f.kind === 'assertion')) {
    assert.ok(failure.line > 0 && failure.message, failure.file);
    const done = spawnSync('sh', ['-c', failure.rerun.replace(/^muster/, '"$0"') + ' --no-fail-fast', muster], {
      cwd: dir, env: environment(more), encoding: 'utf8',
    });
    assert.equal(done.status, 1, done.stdout);
    assert.deepEqual(Object.keys(outcomes(dir)), [`${failure.file} › ${failure.test}`]);
  }
});

test('a file that does not load fails; the others run', () => {
  const dir = copy();
  assert.equal(run(dir, ['--no-fail-fast', '--suite', 'mocha'], env({ FIXTURE_FAIL: 'load' })).code, 1);
  const [failure] = summary(dir).failures;
  assert.deepEqual([failure.file, failure.test, failure.kind], ['api/failing.spec.js', null, 'load']);
  assert.equal(summary(dir).files.passed, 1);
});

test('list names the files and runs nothing', () => {
  const dir = copy();
  const { code, out } = run(dir, ['list'], env());
  assert.equal(code, 0);
  assert.deepEqual(out.trim().split('\n').sort(), [
    'jest\tsrc/failing.test.js', 'jest\tsrc/isolated1.test.js', 'jest\tsrc/isolated2.test.js',
    'jest\tsrc/outcomes.test.js', 'jest\tsrc/retries.test.js', 'mocha\tapi/api.spec.js',
    'mocha\tapi/failing.spec.js', 'playwright\te2e/failing.spec.js', 'playwright\te2e/page.spec.js',
  ]);
  assert.equal(fs.existsSync(path.join(dir, '.muster/runs')), false);
});

test('paths and -t choose', () => {
  const dir = copy();
  assert.equal(run(dir, ['src', '-t', 'same title'], env()).code, 0);
  assert.deepEqual(Object.keys(outcomes(dir)), [
    'src/outcomes.test.js › outcomes › same title', 'src/outcomes.test.js › outcomes › same title #2',
  ]);
  assert.equal(run(dir, ['-t', 'nothing is called like this'], env()).code, 4);
  assert.equal(run(dir, ['-t', '('], env()).code, 2);
});

test('kill -9 while browsers run: nobody is left after two seconds', async () => {
  const dir = copy();
  fs.writeFileSync(path.join(dir, 'e2e/long.spec.js'), `
    const { test } = require('@playwright/test');
    test('waits', async ({ page }) => { await page.setContent('x'); await page.waitForTimeout(20000); });`);
  // the browser's profile lies in TMPDIR, so that its processes can be told from others
  fs.mkdirSync(path.join(dir, 'tmp'));
  const child = start(dir, ['--suite', 'playwright', 'e2e/long.spec.js'], env({ TMPDIR: path.join(dir, 'tmp') }));
  const latest = path.join(dir, '.muster/latest/journal.ndjson');
  await until(() => fs.existsSync(latest) && /"test_started"/.test(fs.readFileSync(latest, 'utf8')), 20000);
  assert.equal(await until(() => processes(path.join(dir, 'tmp')).length > 1, 10000), true);
  child.kill('SIGKILL');
  assert.equal(await until(() => processes(dir).length === 0, 2000), true);
});

/* A run of one Mocha suite that needs the service `it`, whose text and `ready` are these. */
function withService(server, ready, program = 'node', spec = "it('runs', () => {});") {
  const dir = copy();
  fs.writeFileSync(path.join(dir, 'server.js'), server);
  fs.writeFileSync(path.join(dir, 'api/only.spec.js'), spec);
  fs.writeFileSync(path.join(dir, 'muster.yaml'), `
suites: [{runner: mocha, files: [api/only.spec.js], services: [it]}]
services: {it: {command: [${program}, server.js, "\${port}"], ready: {${ready}}}}
`);
  return run(dir, [], env());
}

test('services of muster.yaml are up before the suite, and down after it', () => {
  const dir = copy();
  fs.writeFileSync(path.join(dir, 'server.js'),
    'require("net").createServer(s => s.end("hi")).listen(+process.argv[2], "127.0.0.1");');
  fs.writeFileSync(path.join(dir, 'api/service.spec.js'), `
    it('is there', done => require('net').connect(+process.env.PORT_OF_IT, '127.0.0.1', done).on('data', () => {}));`);
  fs.writeFileSync(path.join(dir, 'muster.yaml'), `
suites:
  - runner: mocha
    services: [it]
services:
  it:
    command: [node, server.js, "\${port}"]
    ready: {tcp: "\${port}"}
    env: {PORT_OF_IT: "\${port}"}
`);
  const { code, out } = run(dir, [], env());
  assert.equal(code, 0, out);
  assert.equal(processes('server.js').length, 0);
});

test('a service that only listens at ::1, as a server at "localhost" may', { skip: !os.networkInterfaces().lo?.some(({ address }) => address === '::1') }, () => {
  const { code, out } = withService('require("net").createServer(s => s.end()).listen(+process.argv[2], "::1");', 'tcp: "${port}"');
  assert.equal(code, 0, out);
});

test('a service that ends or never gets ready fails its suites, and says what was waited for', () => {
  const ended = withService('console.log("no disk"); process.exitCode = 3;', 'tcp: "${port}"');
  assert.equal(ended.code, 7);
  assert.match(ended.out, /^error: mocha: service it ended with exit status 3 before it was ready\nno disk$/m);
  const killed = withService('process.kill(process.pid, "SIGKILL");', 'log: up');
  assert.equal(killed.code, 7);
  assert.match(killed.out, /service it was killed by signal 9 \(Killed\) before it was ready$/m);
  const silent = withService('console.log("warming"); setInterval(() => {}, 1000);', 'log: up, timeout: 900ms');
  assert.equal(silent.code, 7);
  assert.match(silent.out, /service it was not ready after 900 ms: its output does not show `up` \(`ready` in muster\.yaml\)\nwarming$/m);
  const deaf = withService('setInterval(() => {}, 1000);', 'tcp: "${port}", timeout: 900ms');
  assert.equal(deaf.code, 7);
  assert.match(deaf.out, /service it was not ready after 900 ms: nothing answers at port \d+ /);
  assert.equal(processes('server.js').length, 0);
  const absent = withService('', 'tcp: "${port}"', 'no-such-program');
  assert.equal(absent.code, 7);
  assert.match(absent.out, /service it cannot be started: no-such-program: No such file or directory$/m);
});

test('a service that ends while its suite runs fails it', () => {
  const { code, out } = withService(
    'console.log("up"); require("fs").watch(".", (_, name) => name === "begun" && process.exit(4));', 'log: up', 'node',
    "it('waits', done => { require('fs').writeFileSync('begun', ''); setTimeout(done, 60000); }).timeout(60000);");
  assert.equal(code, 7);
  assert.match(out, /service it ended with exit status 4$/m);
});
