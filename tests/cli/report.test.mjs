// `muster report` replays a run into any reporter: the same bytes as the live run wrote. And what they are:
// reports keep the rules of those who read them.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { suite } from './frameworks.mjs';
import { fake, here, journal, project, run, runFake, start, summary, until } from './support.mjs';

const reporters = ['plain', 'dot', 'junit', 'json', 'ndjson', 'github'];
const live = dir => reporters.map(name => `--reporter=${name}=${dir}/live.${name}`);

const read = file => fs.readFileSync(file, 'utf8');

const python = (...args) => execFileSync('python3', [path.join(here, '../support/junit_rules.py'), ...args], { stdio: 'pipe' });

// docs/guide/reporters.md tells how to make a report that validates where only the schema counts.
const guide = fs.readFileSync(path.join(here, '../../docs/guide/reporters.md'), 'utf8');
const [, strip] = /^sed -E '(.*)' junit\.xml/m.exec(guide);

function rules(report) {
  python(report);
  fs.writeFileSync(`${report}.strict`, execFileSync('sed', ['-E', strip, report], { maxBuffer: 1 << 28 }));
  python('--strict', `${report}.strict`);
}

// Every field of the summary that DESIGN promises, and of which type it is, whatever became of the run.
const number = 'number', string = 'string', text = [string, 'null'];
const shape = {
  schema: string, run_id: string, plan_id: text, commit: text, branch: text, started_at: string, duration_ms: number,
  verdict: string, exit_code: number, exit_reason: string, workers: number, busy_ratio: number, seed: [number, 'null'],
  files: { planned: number, passed: number, failed: number, skipped: number, not_run: number },
  tests: { total: number, passed: number, failed: number, skipped: number, flaky: number, quarantined: number },
  early_detection: { tests: number, repeats: number, flaky: number, cost_ms: number }, attempts: number,
  failures: [{ suite: string, project: text, file: string, test: text, line: number, kind: string, message: text, attempts: number,
    flaky: text, rerun: string }],
  quarantined: [], gates: [{ name: string, status: string, actual: number, limit: number, unit: text, text }], coverage: ['null'],
  slowest: [{ suite: string, file: string, duration_ms: number }],
  notices: [{ severity: string, name: text, suite: text, text: string }], shards: [],
};

function shaped(value, of, name) {
  const type = value === null ? 'null' : typeof value;
  if (typeof of === 'string') assert.equal(type, of, name);
  else if (Array.isArray(of) && !Array.isArray(value)) assert.ok(of.includes(type), `${name}: ${type}`);
  else if (Array.isArray(of)) value.forEach((each, i) => shaped(each, of[0], `${name}[${i}]`));
  else {
    assert.deepEqual(Object.keys(value), Object.keys(of), name);
    for (const key of Object.keys(of)) shaped(value[key], of[key], `${name}.${key}`);
  }
}

const reasons = {
  0: 'passed', 1: 'tests failed', 2: 'usage or configuration error', 4: 'no tests ran', 7: 'infrastructure', 124: 'deadline exceeded', 130: 'interrupted',
};

function told(file, code) {
  const document = JSON.parse(fs.readFileSync(file, 'utf8'));
  shaped(document, shape, 'summary');
  assert.deepEqual([document.exit_code, document.exit_reason], [code, reasons[code]]);
  assert.match(document.started_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  const { planned, passed, failed, skipped, not_run: rest } = document.files;
  assert.equal(passed + failed + skipped + rest, planned);
  return document;
}

// Every line is an event; the first tells of the run, the last of its end.
function events(file, code) {
  const list = fs.readFileSync(file, 'utf8').trim().split('\n').map(line => JSON.parse(line));
  for (const e of list) assert.ok(typeof e.type === 'string' && Number.isInteger(e.ts), JSON.stringify(e));
  const { files, tests } = JSON.parse(fs.readFileSync(file.replace('ndjson', 'json'), 'utf8'));
  assert.deepEqual([list[0].type, list[0].schema], ['run_started', 'muster/journal/1']);
  const end = list.at(-1), t = end.tests;
  assert.equal(t.passed + t.failed + t.skipped + t.not_run + t.quarantined, t.total);
  delete t.not_run;
  assert.deepEqual([end.type, end.exit_code, end.files, end.tests], ['run_finished', code, files, tests]);
  for (const e of list) if (/^(test|file|run)_finished$/.test(e.type)) assert.equal(typeof e.ms, 'number', JSON.stringify(e));
}

function same(dir, code, more = []) {
  rules(`${dir}/live.junit`);
  told(`${dir}/live.json`, code);
  events(`${dir}/live.ndjson`, code);
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
    same(dir, runFake(dir, [...args, ...live(dir)]).code, more);
  });

test('a run whose configuration is broken', () => {
  const dir = project(['pass']);
  same(dir, runFake(dir, live(dir), { FAKE: 'error' }).code);
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
    assert.match(none.err, /^error: no recorded run is called `1999`\nhelp: `muster runs` /);
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
  same(dir, 130);
});

test('the second run, which knows the first, and one in parts', () => {
  const slow = n => `it('case ${n}', done => { setTimeout(done, 200); });`;
  const dir = suite('mocha', { good: '' }, { long: Array.from({ length: 8 }, (_, i) => slow(i)).join('\n') });
  for (let i = 0; i < 2; i++) assert.equal(run(dir, ['-j4', '--no-split']).code, 0);
  assert.equal(run(dir, ['-j4', ...live(dir)]).code, 0);
  assert.match(read(`${dir}/live.ndjson`), /"parts":/);
  same(dir, 0);
});

// Jenkins makes suites of one name one suite, GitLab shows the first of two cases of one suite, class and name.
test('JUnit: a file in two suites and in two projects, hostile names, large texts', () => {
  const hostile = '$(x) "q" \'s\' \u001b[31m\u0001\u0000\n <b> & ]]> \ud800 \ufffe \uffff \x7f \x85 \u2028';
  const body = `const text = ${JSON.stringify(hostile)};
    describe('a & b', () => {
      it('twice', () => {}); it('twice', () => {}); it.skip('skipped', () => {});
      it(text, () => { console.log(text); throw new Error(text); });
      it('begins late and is long', () => { throw new Error('\\n\\n  y' + '\\u{1f600}'.repeat(100000)); });
    });`;
  const dir = suite('mocha', {}, { all: body, load: "throw new Error('cannot <load> ]]>')", crash: "it('dies', () => process.kill(process.pid, 'SIGKILL'))" });
  fs.writeFileSync(path.join(dir, 'muster.yaml'), `suites:
  - {name: one, runner: mocha, files: ["test/*.js"]}
  - {name: two, runner: mocha, files: ["test/all.js"]}
  - {name: browsers, runner: playwright, config: playwright.config.js}\n`);
  fs.writeFileSync(path.join(dir, 'playwright.config.js'),
    'module.exports = { testDir: "e2e", projects: [{ name: "p" }, { name: "]]> <q>" }] };');
  fs.mkdirSync(path.join(dir, 'e2e'));
  fs.writeFileSync(path.join(dir, 'e2e/a.spec.js'), `const { test, expect } = require('@playwright/test');
    test('fails', () => { expect(1).toBe(2); });
    test('flaky', ({}, info) => { expect(info.retry).toBe(1); });`);
  const done = run(dir, ['--no-fail-fast', '--retries', '1', ...live(dir)]);
  assert.equal(done.code, 1, done.err);
  const xml = read(`${dir}/live.junit`);
  const suites = [...xml.matchAll(/<testsuite name="([^"]*)"/g)].map(m => m[1]).sort();
  assert.deepEqual(suites, ['e2e/a.spec.js []]&gt; &lt;q&gt;]', 'e2e/a.spec.js [p]', 'test/all.js [one]', 'test/all.js [two]',
    'test/crash.js', 'test/load.js']);
  assert.match(xml, /<testcase classname="test\/load\.js" name="the file itself" file="test\/load\.js" line="1"/);
  assert.match(xml, /<failure message="y(\u{1f600}){249}" type="error">/u);
  for (const [element, n] of [['flakyFailure', 2], ['rerunFailure', 2]])
    assert.ok(xml.match(new RegExp(`<${element} `, 'g')).length >= n, element);
  same(dir, 1);
});

test('GitHub: places are those of the repository, in a folder of it, too; what says nothing is said', () => {
  const dir = project([], { '.git/HEAD': 'ref: refs/heads/main\n', 'packages/api/package.json': '{"scripts":{"test":"mocha"}}', 'packages/api/test/told1.js': '' });
  const api = path.join(dir, 'packages/api'), step = path.join(dir, 'step.md');
  const env = { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: step, FAKE_FAIL: 'told1', FAKE_SAYS: ' \n' };
  const { out } = runFake(api, ['--reporter', 'github'], env);
  assert.match(out, /^::error file=packages\/api\/test\/told1\.js,title=works::( %0A)?failed without a message$/m);
  assert.match(fs.readFileSync(step, 'utf8'), /^## Tests: failed in packages\/api\n/);
  // of a journal, wherever it is replayed, and with nothing but the variable of the runner
  assert.match(run(api, ['report', '--reporter', 'github'], { GITHUB_STEP_SUMMARY: '' }).out, /^::error file=packages\/api\/test/m);
  fs.rmSync(path.join(dir, '.git'), { recursive: true });
  assert.match(runFake(api, ['--reporter', 'github'], { ...env, GITHUB_WORKSPACE: path.join(dir, 'packages') }).out, /^::error file=api\/test/m);
});

test('GitHub: ten of 300 failures are annotated, 200 have a group, and it says how many have not', () => {
  const acts = Array.from({ length: 300 }, (_, i) => `fail${i}`);
  const dir = project(acts), step = path.join(dir, 'step.md');
  fs.writeFileSync(step, 'x'.repeat(1000 * 1024 - 30000)); // what the step wrote before counts
  const { out } = runFake(dir, ['--no-fail-fast', '-j2', '--reporter', 'github'], { GITHUB_STEP_SUMMARY: step });
  assert.equal(summary(dir).tests.failed, 300);
  assert.deepEqual([out.match(/^::error /gm).length, out.match(/^::group::/gm).length], [10, 200]);
  assert.match(out, /^100 more failures are in the other reports$/m);
  assert.match(out, /^290 failures have no annotation: GitHub shows 10$/m);
  const page = fs.readFileSync(step, 'utf8');
  assert.ok(page.length < 1024 * 1024 && page.endsWith('(cut: the summary of a step is limited to 1 MiB)\n'), String(page.length));
});

test('what is printed is read again as it was: characters over two chunks, none at the end, NUL', () => {
  const dir = suite('mocha', { prints: `require('fs').writeSync(1, 'x' + 'é'.repeat(60000) + '\\0');
    require('fs').writeSync(1, Buffer.from([0x2e, 0xc3])); throw new Error('no');` });
  assert.equal(run(dir, live(dir)).code, 1);
  const text = journal(dir).filter(e => e.type === 'output').map(e => e.text).join('');
  assert.equal(text, `x${'é'.repeat(60000)}\ufffd.\ufffd`);
  same(dir, 1);
});
