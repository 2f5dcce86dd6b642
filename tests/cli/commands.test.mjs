// The command line: what it says, and with which exit code.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { folder, project, run, runFake, summary } from './support.mjs';

const cases = [
  // arguments, code, text on stderr
  [['--wrokers', '2'], 2, 'error: unknown option `--wrokers`\nhelp: did you mean `--workers`?'],
  [['rnu'], 2, 'error: no such command, file or folder: rnu\nhelp: did you mean `muster run`?'],
  [['-j', '0'], 2, 'error: --workers: `workers` expects'],
  [['--timeout', 'soon'], 2, 'error: --timeout: `timeout` expects'],
  [['run', 'no/such/file.js'], 2, 'error: no such file or folder: no/such/file.js'],
  [['--suite', 'none'], 2, 'error: no suite is named `none`\nhelp: suites here: mocha'],
  [['--reporter', 'fancy'], 2, 'error: unknown reporter `fancy`\nhelp: '],
  [['--events', '--json'], 2, 'error: --events and --json both want stdout'],
  [['--reporter', 'junit='], 2, 'error: reporter `junit=` names no file\nhelp: '],
  [['order'], 2, 'error: `muster order` needs a file or a test\nhelp: usage: muster order FILE|TEST'],
  [['order', 'x', '--repeat', 'y'], 2, 'error: `--repeat` expects a whole number from 1 to 20, not `y`'],
  [['--failed'], 2, 'error: --failed needs the history of an earlier run'],
  [['report'], 2, 'error: no run was recorded'],
  [['help', 'nothing'], 2, 'error: no help on `nothing`'],
];

for (const [args, code, text] of cases) {
  test(`muster ${args.join(' ')}: exit ${code}`, () => {
    const done = runFake(project(['pass']), args);
    assert.equal(done.code, code, done.err);
    assert.ok(done.err.startsWith(text), done.err);
    const json = runFake(project(['pass']), [...args, '--json']);
    const document = JSON.parse(json.out);
    assert.deepEqual([document.schema, document.exit_code], ['muster/error/1', code]);
  });
}

test('--version, help and completions work anywhere', () => {
  const dir = folder({});
  assert.match(run(dir, ['--version']).out, /^muster \d+\.\d+\.\d+\n$/);
  assert.equal(JSON.parse(run(dir, ['version', '--json']).out).schema, 'muster/version/1');
  assert.match(run(dir, ['--help']).out, /usage: muster/);
  assert.match(run(dir, ['help', 'exit-codes']).out, /124/);
  for (const shell of ['bash', 'zsh', 'fish']) assert.match(run(dir, ['completion', shell]).out, /muster/);
  const script = run(dir, ['completion', 'bash']).out;
  assert.equal(spawnSync('bash', ['-n'], { input: script }).status, 0);
});

test('nothing to test: exit 4, and what was looked for', () => {
  const { code, err } = run(folder({ 'package.json': '{}' }), []);
  assert.equal(code, 4);
  assert.match(err, /^error: no test suite found in /);
  assert.match(err, /help: looked in 1 package for jest/);
});

test('a run is compared with the last one when both are of all tests', () => {
  const dir = project(['pass1']);
  const more = path.join(dir, 'test/pass2.js');
  runFake(dir, []);
  assert.match(runFake(dir, []).out, /^History {3}the last run took /m);
  fs.writeFileSync(more, '');
  assert.doesNotMatch(runFake(dir, ['test/pass2.js']).out, /^History/m); // one file, too, but another one
  fs.rmSync(more);
});

test('list: suites in the order of the configuration, whichever is discovered first', () => {
  const names = ['z', 'm', 'a', 'y', 'b'];
  const dir = project(['one', 'two'], { 'muster.yaml': `suites:\n${names.map(n => `  - {name: ${n}, runner: mocha}\n`).join('')}` });
  for (let i = 0; i < 3; i++) {
    const { out, err } = runFake(dir, ['list']);
    assert.deepEqual(out.trim().split('\n').map(line => line.split('\t')[0]), names.flatMap(n => [n, n]));
    assert.deepEqual(err.trim().split('\n').map(line => line.split(':')[0]), names);
    assert.deepEqual(JSON.parse(runFake(dir, ['list', '--json']).out).suites.map(s => s.suite), names);
  }
});

test('list: an empty list says why', () => {
  const dir = project(['pass'], { 'lib/x.js': '' });
  const { code, out, err } = runFake(dir, ['list', 'lib']);
  assert.deepEqual([code, out], [4, '']);
  assert.match(err, /^warning: no test file: no suite has test files below the named paths$/m);
  assert.doesNotMatch(runFake(dir, ['list']).err, /warning/);
});

test('no suite at all: --no-tests says what that means', () => {
  const dir = folder({ 'package.json': '{}' });
  for (const command of [[], ['run', '--shard', '1/2'], ['list'], ['plan']]) {
    const pass = run(dir, [...command, '--no-tests=pass']);
    assert.equal(pass.code, 0, pass.err);
    assert.equal(pass.err, '');
    assert.equal(run(dir, [...command, '--no-tests=fail']).code, 4);
  }
  const warned = run(dir, ['--no-tests=warn', '--json']);
  assert.equal(warned.code, 0);
  assert.match(warned.err, /^warning: no test ran: no test suite found in /m);
  const { verdict, exit_code, tests } = JSON.parse(warned.out);
  assert.deepEqual([verdict, exit_code, tests.total], ['passed', 0, 0]);
  for (const command of ['list', 'plan'])
    assert.match(run(dir, [command, '--no-tests=warn']).err, /^warning: (?:there is no test file to plan|no test file: no test suite found in )/);
  assert.match(run(dir, ['--no-tests=pass', '--suite', 'unit']).err, /^error: no test suite found in /, 'one was asked for');
});

test('a broken package.json is an error with its place', () => {
  const { code, err } = run(folder({ 'package.json': '{"scripts": ' }), []);
  assert.equal(code, 2);
  assert.match(err, /package\.json/);
});

test('muster.yaml: errors have line, caret and the way out', () => {
  const yaml = {
    'wrokers: 4': /unknown key `wrokers` in muster\.yaml:1:1\n  1 \| wrokers: 4\n    \| \^{7} did you mean `workers`\?/,
    'workers: many': /workers/,
    'suites: [{runner: jset}]': /unknown runner `jset`[^]*help: did you mean `jest`\?/,
    'suites: [{runner: vitest}]': /the runner `vitest` is not supported yet in muster\.yaml:1:19[^]*help: supported runners: jest, mocha, playwright/,
    'suites: [{runner: jest, root: ../..}]': /outside/,
    'a: &x 1': /anchor/i,
    'workers: 2\nworkers: 3': /twice|duplicate|already/,
    'timeout: !!int 3': /tag/i,
  };
  for (const [text, expected] of Object.entries(yaml)) {
    const done = runFake(project(['pass'], { 'muster.yaml': text + '\n' }), []);
    assert.equal(done.code, 2, text);
    assert.match(done.err, expected);
  }
  const bomb = '['.repeat(100000);
  assert.equal(runFake(project(['pass'], { 'muster.yaml': bomb }), []).code, 2);
});

test('flag > environment > file > default, and config show says so', () => {
  const dir = project(['pass'], { 'muster.yaml': 'retries: 3\nworkers: 3\n' });
  const show = (args, env) => JSON.parse(runFake(dir, ['config', 'show', '--json', ...args], env).out).keys;
  const find = (keys, name) => (Array.isArray(keys) ? keys.find(k => (k.key || k.name) === name) : keys[name]);
  assert.match(JSON.stringify(find(show([], {}), 'retries')), /3/);
  assert.match(JSON.stringify(find(show([], { MUSTER_RETRIES: '5' }), 'retries')), /5.*environment|environment.*5/);
  assert.match(JSON.stringify(find(show(['--retries', '7'], { MUSTER_RETRIES: '5' }), 'retries')), /7.*flag|flag.*7/);
});

test('--failed when nothing is left, --suite for one of several, -j as a share of the cores', () => {
  const dir = project(['pass1'], {
    'muster.yaml': 'suites: [{name: a, runner: mocha}, {name: b, runner: jest}]\n', 'jest.config.js': '',
  });
  assert.equal(runFake(dir, ['--suite', 'b', '-j', '1%']).code, 0);
  assert.equal(summary(dir).workers, 1);
  assert.equal(summary(dir).files.planned, 1);
  assert.equal(runFake(dir, []).code, 0);
  assert.equal(summary(dir).files.planned, 2);
  const none = runFake(dir, ['--failed']);
  assert.equal(none.code, 0);
  assert.match(none.err, /nothing to do: nothing is left failed or not run/);
});

test('MUSTER_HISTORY names the history for every command; a misspelt variable is told', () => {
  const dir = project(['pass1']);
  const env = { MUSTER_HISTORY: 'kept/h.db', MUSTER_WORKRES: '3', MUSTER_OF_SOMEBODY: '1' };
  const done = runFake(dir, [], env);
  assert.match(done.err, /warning: muster reads no variable `MUSTER_WORKRES`; did you mean `MUSTER_WORKERS`\?/);
  assert.doesNotMatch(done.err, /SOMEBODY|MUSTER_HISTORY/);
  assert.equal(fs.existsSync(path.join(dir, '.muster/history.db')), false);
  for (const command of ['runs', 'history', 'doctor', 'store info', 'query SELECT+run+FROM+v_runs'])
    assert.match(runFake(dir, command.split(' ').map(word => word.replaceAll('+', ' ')), env).out, /pass1|2\d{7}-|kept\/h.db/, command);
});

test('a place that a failure names is no path, and the error says what is', () => {
  const dir = project(['pass1']);
  const { code, err } = runFake(dir, ['test/pass1.js:14:5']);
  assert.equal(code, 2);
  assert.match(err, /no such file or folder: test\/pass1\.js:14:5\nhelp: .*`muster test\/pass1\.js` runs the file/);
});

test('--json: every command prints one document that names its schema', () => {
  const dir = project(['pass', 'fail']);
  runFake(dir, ['--no-fail-fast']);
  const lines = ['run', 'list', 'plan --shards 2', 'merge .muster/latest', 'gate', 'report', 'runs', 'history', 'slow', 'flaky',
    'quarantine list', 'order test/fail.js', 'query SELECT+1', 'store info', 'store check', 'store export x.db',
    'store import x.db', 'store prune', 'coverage check', 'junit merge .muster/latest/junit.xml', 'config', 'config check',
    'doctor', 'completion bash', 'help', 'help environment', 'version', 'init', 'init --print', 'nonsense'];
  const known = run(dir, ['help']).out.match(/^ {2}[a-z]+(?= {2})/gm).map(word => word.trim());
  assert.deepEqual(known.filter(command => !lines.some(line => line.split(' ').includes(command))), []);
  for (const line of lines) {
    const { out, err } = runFake(dir, [...line.split(' ').map(word => word.replace('+', ' ')), '--json']);
    let document;
    assert.doesNotThrow(() => document = JSON.parse(out), `${line}\n${out}\n${err}`);
    assert.match(document.schema, /^muster\/[a-z-]+\/1$/, line);
  }
});

test('--json: one document on stdout, people read stderr', () => {
  const { code, out, err } = runFake(project(['pass']), ['--json']);
  assert.equal(code, 0);
  assert.equal(JSON.parse(out).schema, 'muster/summary/1');
  assert.match(err, /PASS .*test\/pass\.js/);
});

test('--json: one document, whatever other reporters there are and however little there is to do', () => {
  const dir = project(['pass']);
  for (const args of [[], ['--reporter', 'json'], ['--reporter', 'json=own.json'], ['--reporter', 'junit'],
    ['--reporter', 'plain'], ['--failed']])
    assert.equal(JSON.parse(runFake(dir, [...args, '--json']).out).verdict, 'passed', args.join(' '));
  assert.deepEqual(summary(dir).files, { planned: 0, passed: 0, failed: 0, skipped: 0, not_run: 0 });
  assert.equal(JSON.parse(run(dir, ['runs', '--json']).out).runs.length, 5, 'nothing to do is no run of the history');
});

test('a report alone goes to stdout as `report` prints it, beside others into the folder of the run', () => {
  const dir = project(['pass', 'fail']);
  for (const name of ['json', 'junit', 'ndjson']) {
    const { out, err } = runFake(dir, ['--no-fail-fast', '--reporter', name], { GITHUB_ACTIONS: 'true' });
    assert.equal(err, '');
    assert.equal(run(dir, ['report', '--reporter', name]).out, name === 'ndjson' ? out.split(/^::/m)[0] : out, name);
  }
  const { out } = runFake(dir, ['--no-fail-fast', '--reporter', 'dot', '--reporter', 'junit']);
  assert.doesNotMatch(out, /<testsuite/);
  assert.match(fs.readFileSync(path.join(dir, '.muster/latest/junit.xml'), 'utf8'), /<testsuite/);
});

test('--out: the newest run is `latest` there, too, and results are never overwritten', () => {
  const dir = project(['pass']);
  assert.equal(runFake(dir, []).code, 0);
  assert.equal(runFake(dir, ['--out', 'own']).code, 0);
  const { run_id: id } = JSON.parse(fs.readFileSync(path.join(dir, 'own/summary.json'), 'utf8'));
  assert.equal(JSON.parse(run(dir, ['report', '--json']).out).run_id, id);
  const { code, err } = runFake(dir, ['--out', 'own']);
  assert.equal(code, 7);
  assert.match(err, /error: there is a run in .*own already\nhelp: name another folder/);
  assert.equal(JSON.parse(fs.readFileSync(path.join(dir, 'own/summary.json'), 'utf8')).run_id, id);
});

test('--events: the journal on stdout', () => {
  const { out } = runFake(project(['pass']), ['--events']);
  const types = out.trim().split('\n').map(line => JSON.parse(line).type);
  assert.equal(types[0], 'run_started');
  assert.equal(types.at(-1), 'run_finished');
});

test('piped output has no escape sequences and no carriage returns', () => {
  const { out } = runFake(project(['pass', 'fail']), ['--no-fail-fast'], { NO_COLOR: '' });
  // eslint-disable-next-line no-control-regex
  assert.doesNotMatch(out, /[\x1b\r]/);
  assert.match(runFake(project(['pass']), [], { NO_COLOR: '', FORCE_COLOR: '1' }).out, /\u001b\[32m/);
});

test('-q says only what is wrong, -v names every test', () => {
  assert.doesNotMatch(runFake(project(['pass']), ['-q']).out, /PASS|Detected/);
  assert.match(runFake(project(['pass']), ['-v']).out, /pass .*test\/pass\.js › good/);
});

test('init writes a file that config check accepts, and never overwrites', () => {
  const dir = project(['pass']);
  assert.equal(run(dir, ['init']).code, 0);
  assert.equal(run(dir, ['config', 'check']).code, 0);
  assert.equal(run(dir, ['init']).code, 2);
  assert.equal(runFake(dir, []).code, 0);
});

test('two runs in one folder at once do not disturb each other', () => {
  const dir = project(['slowpass1', 'slowpass2', 'pass']);
  const both = spawnSync('sh', ['-c', '"$0" run -j1 & "$0" run -j1 & wait %1 && wait %2', process.env.MUSTER_PROGRAM ||
    path.join(import.meta.dirname || path.dirname(new URL(import.meta.url).pathname), '../../build/muster')], {
    cwd: dir, env: { ...process.env, MUSTER_TEST_ADAPTERS: path.join(path.dirname(new URL(import.meta.url).pathname), 'fake') },
    encoding: 'utf8',
  });
  assert.equal(both.status, 0, both.stdout + both.stderr);
  assert.equal(JSON.parse(run(dir, ['runs', '--json']).out).runs.length, 2);
});

test('a history that is damaged is told by whoever finds it', () => {
  const dir = project(['pass'], { '.muster/history.db': 'x'.repeat(9000) });
  const { code, err } = run(dir, ['slow']);
  assert.equal(code, 2);
  assert.match(err, /^error: the history was damaged; it is set aside as history\.db\.broken-\d+ and learning starts afresh\nhelp: /);
});

test('without node: what to do', () => {
  const bin = folder({});
  for (const name of ['git', 'sh'])
    fs.symlinkSync(spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).stdout.trim(), path.join(bin, name));
  const { code, out } = runFake(project(['pass']), [], { PATH: bin });
  assert.equal(code, 7);
  assert.match(out, /^error: .*cannot start node: No such file or directory\nhelp: Node 18 or newer runs the tests/m);
});

test('doctor: what is missing, and exit 7', () => {
  const dir = project(['pass']);
  const { code, out } = run(dir, ['doctor']);
  assert.equal(code, 7);
  assert.match(out, /mocha/);
  assert.equal(fs.existsSync(path.join(dir, '.muster')), false);
});

test('doctor: what the next run would choose, and whether the history can be read', () => {
  const dir = project(['pass1', 'pass2', 'pass3']);
  for (let i = 0; i < 2; i++) assert.equal(runFake(dir, ['-j1']).code, 0);
  const good = run(dir, ['doctor']).out;
  assert.match(good, /workers +mocha: 1 worker: 1 took \d+\.\d s \(\d+\.\d s CPU\)/);
  assert.match(good, /history +\S+history\.db/);
  fs.writeFileSync(path.join(dir, '.muster/history.db'), 'this is no database at all. '.repeat(300));
  const bad = run(dir, ['doctor']);
  assert.equal(bad.code, 7);
  assert.match(bad.out, /warning +history +\S+history\.db is no history; the next run sets it aside/);
});

test('man pages list every option of --help', () => {
  const dir = folder({});
  const man = run(dir, ['__docs', 'man1']).out || run(dir, ['__man', '1']).out;
  const options = run(dir, ['--help']).out.match(/--[a-z-]+/g);
  for (const option of new Set(options)) assert.ok(man.includes(option.replace(/-/g, '\\-')) || man.includes(option), option);
});

test('a read-only project still runs its tests', { skip: process.getuid() === 0 && 'root writes everywhere' }, () => {
  const dir = project(['pass']);
  fs.chmodSync(dir, 0o555);
  assert.equal(runFake(dir, ['--no-history', '--out', folder({})]).code, 0);
  assert.ok(summary);
});
