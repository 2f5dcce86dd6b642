// Gates without a framework: of recorded runs of the fake worker and of files of other tools; coverage reports,
// the change against git, which test touches what.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { environment, folder, project, run, runFake, summary } from './support.mjs';

const write = (dir, name, text) => fs.writeFileSync(path.join(dir, name), text);
const json = (dir, args) => JSON.parse(run(dir, [...args, '--json']).out);
const status = gates => Object.fromEntries(gates.map(g => [g.name, g.status]));

// An Istanbul map of one source: a statement a line, with these hits.
function map(dir, file, hits) {
  const at = line => ({ start: { line, column: 0 }, end: { line, column: 9 } });
  const name = path.join(dir, file);
  return {
    [name]: {
      path: name, fnMap: {}, branchMap: {}, f: {}, b: {},
      statementMap: Object.fromEntries(hits.map((_, i) => [i, at(i + 1)])), s: Object.fromEntries(hits.entries()),
    },
  };
}
const source = n => Array.from({ length: n }, (_, i) => `line(${i});\n`).join('');

function covered(hits, more) {
  const dir = folder({ 'package.json': '{"name":"p"}', 'src/a.js': source(hits.length), ...more });
  write(dir, 'map.json', JSON.stringify(map(dir, 'src/a.js', hits)));
  return dir;
}
const junit = (name, failed) => `<testsuites><testsuite name="s" tests="2"><testcase classname="s" name="${name}">${
  failed ? '<failure message="no">no</failure>' : ''}</testcase><testcase classname="s" name="other"/></testsuite></testsuites>`;

test('coverage of another tool: the limit decides, and what is missing is said', () => {
  const dir = covered([1, 1, 1, 0]);
  const bad = run(dir, ['gate', '--coverage', 'map.json']);
  assert.equal(bad.code, 6, bad.err);
  assert.match(bad.out, /failed +coverage\.lines: 75\.00 % \(3 of 4 lines\), limit 90 %: 1 more line is needed/);
  const document = json(dir, ['gate', '--coverage', 'map.json']);
  assert.deepEqual([document.schema, document.exit_reason, document.gates[0].actual, document.gates[0].limit],
    ['muster/gate/1', 'gate failed', 75, 90]);
  write(dir, 'muster.yaml', 'gates: {coverage: 70, coverage_per_file: {lines: 80}}\n');
  assert.deepEqual(status(json(dir, ['gate', '--coverage', 'map.json']).gates), {
    'coverage.lines': 'passed', 'coverage.branches': 'passed', 'coverage.functions': 'passed', 'coverage.statements': 'passed',
    'coverage_per_file.lines': 'failed',
  });
});

test('tests of another tool: a failure is one, its coverage says nothing; garbage is no report', () => {
  const dir = covered([0, 0], { 'good.xml': junit('a', false), 'bad.xml': junit('a', true), 'garbage.xml': 'this is no XML' });
  const bad = run(dir, ['gate', '--coverage', 'map.json', '--junit', 'bad.xml']);
  assert.equal(bad.code, 1);
  assert.match(bad.out, /not evaluated +coverage\.lines: tests have failed/);
  assert.equal(run(dir, ['gate', '--coverage', 'map.json', '--junit', 'good.xml']).code, 6);
  const garbage = run(dir, ['gate', '--junit', 'garbage.xml']);
  assert.equal(garbage.code, 5);
  assert.match(garbage.err, /none of the files is a JUnit report/);
  write(dir, 'muster.yaml', 'gates: {failure_rate: 60%, flaky_rate: 0%}\n');
  assert.deepEqual(status(json(dir, ['gate', '--junit', 'bad.xml']).gates), { failure_rate: 'passed', flaky_rate: 'passed' });
  write(dir, 'muster.yaml', 'gates: {failure_rate: 40%}\n');
  assert.deepEqual(status(json(dir, ['gate', '--junit', 'bad.xml']).gates), { failure_rate: 'failed' });
  assert.deepEqual(status(json(dir, ['gate', '--coverage', 'map.json']).gates).failure_rate, 'not_evaluated');
});

test('a map that is cut off is not judged as if it were whole', () => {
  const dir = covered([1, 1]);
  write(dir, 'cut.json', fs.readFileSync(path.join(dir, 'map.json'), 'utf8').slice(0, 60));
  const done = run(dir, ['gate', '--coverage', 'map.json', '--coverage', 'cut.json']);
  assert.equal(done.code, 5);
  assert.match(done.out, /not evaluated +coverage\.lines: something of the coverage could not be read/);
});

test('a recorded run is judged by the limits of now', () => {
  const dir = project(['pass1']);
  assert.equal(runFake(dir, ['--coverage']).code, 0);
  const id = summary(dir).run_id;
  for (const words of [[], [id], [`.muster/runs/${id}`]]) assert.equal(json(dir, ['gate', ...words]).gates.length, 4);
  assert.equal(run(dir, ['coverage', 'check']).code, 0);
  const unknown = run(dir, ['gate', 'nothing']);
  assert.equal(unknown.code, 2);
  assert.match(unknown.err, /no recorded run is called `nothing`\nhelp: `muster runs` lists what is there/);
});

test('failed, stopped, chosen: no figure is judged', () => {
  const dir = project(['pass1', 'fail2', 'pass3']);
  const texts = () => [...new Set(json(dir, ['gate']).gates.map(g => g.text))];
  assert.equal(runFake(dir, ['--coverage', '--no-fail-fast', '-j1']).code, 1);
  assert.deepEqual(texts(), ['tests have failed']);
  assert.equal(run(dir, ['gate']).code, 1);
  runFake(dir, ['--coverage', '-j1']);
  const stopped = run(dir, ['gate']);
  assert.equal(stopped.code, 1);
  assert.match(stopped.out, /no gate has anything to judge/);
  assert.equal(runFake(dir, ['run', 'test/pass1.js', '--coverage']).code, 0);
  assert.equal(run(dir, ['gate']).code, 0);
  assert.equal(json(dir, ['gate']).gates[0].status, 'not_evaluated');
  runFake(dir, ['run', 'test/pass1.js']);
  const none = run(dir, ['coverage', 'check']);
  assert.equal(none.code, 2);
  assert.match(none.err, /the latest run has no coverage\nhelp: run `muster --coverage`/);
});

test('the change: its lines are judged against a commit, and those without a hit are named', () => {
  const dir = covered([1, 1, 1, 0, 1], { 'src/a.js': source(2), '.gitignore': 'map.json\n' });
  const git = (...args) => assert.equal(spawnSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', ...args],
    { cwd: dir, env: environment() }).status, 0);
  git('init', '-q', '-b', 'main');
  git('add', '-A');
  git('commit', '-qm', 'one');
  write(dir, 'src/a.js', source(5));
  const done = run(dir, ['coverage', 'check', 'map.json', '--against', 'HEAD']);
  assert.equal(done.code, 6, done.err);
  assert.match(done.out, /patch_coverage\.lines: 66\.66 % \(2 of 3 changed lines\), limit 90 %/);
  assert.match(done.out, /\nchanged and not covered:\nsrc\/a\.js:4\n$/);
  assert.deepEqual(json(dir, ['gate', '--coverage', 'map.json', '--against', 'HEAD']).uncovered, ['src/a.js:4']);
  write(dir, 'muster.yaml', 'gates: {coverage: off, patch_coverage: {lines: 60}}\n');
  assert.equal(run(dir, ['gate', '--coverage', 'map.json', '--against', 'HEAD']).code, 0);
  const lost = run(dir, ['gate', '--coverage', 'map.json', '--against', 'nowhere']);
  assert.equal(lost.code, 2);
  assert.match(lost.err, /nowhere/);
});

test('names that git quotes are names', () => {
  const name = 'src/gr\u00fcn "x"\t1.js';
  const dir = folder({ 'package.json': '{"name":"p"}', [name]: source(1) });
  const git = (...args) => assert.equal(spawnSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', ...args],
    { cwd: dir, env: environment() }).status, 0);
  git('init', '-q', '-b', 'main');
  git('add', '-A');
  git('commit', '-qm', 'one');
  write(dir, name, source(2));
  write(dir, 'map.json', JSON.stringify(map(dir, name, [1, 0])));
  const { uncovered } = json(dir, ['gate', '--coverage', 'map.json', '--against', 'HEAD']);
  assert.deepEqual(uncovered, [`${name}:2`]);
});

test('every changed line is judged: behind a NUL, and whatever git is configured to show', () => {
  const big = 'x\n'.repeat(5000); // git looks for a NUL in the first 8000 bytes
  const dir = covered([1, 0, 1, 0, 1], { 'src/a.js': source(5), 'a.txt': big, '.gitignore': 'map.json\n' });
  const git = (...args) => assert.equal(spawnSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', ...args],
    { cwd: dir, env: environment() }).status, 0);
  git('init', '-q', '-b', 'main');
  git('add', '-A');
  git('commit', '-qm', 'one');
  const judged = () => json(dir, ['gate', '--coverage', 'map.json', '--against', 'HEAD']).uncovered;
  write(dir, 'src/a.js', source(5).split('\n').map((line, i) => (i === 1 || i === 3 ? line + ' // new' : line)).join('\n'));
  assert.deepEqual(judged(), ['src/a.js:2', 'src/a.js:4']);
  for (const [key, value] of [['interHunkContext', '5'], ['relative', 'true'], ['noprefix', 'true'], ['orderFile', 'none']])
    git('config', `diff.${key}`, value);
  assert.deepEqual(judged(), ['src/a.js:2', 'src/a.js:4']);
  write(dir, 'a.txt', big + '\0\n');
  assert.deepEqual(judged(), ['src/a.js:2', 'src/a.js:4']);
});

test('bundles are coverage, too: those that count, each once', () => {
  const dir = project(['pass1']);
  for (const out of ['one', 'two']) assert.equal(runFake(dir, ['--coverage', '--out', out]).code, 0);
  runFake(dir, ['--out', 'bare']);
  const done = run(dir, ['coverage', 'merge', 'one', 'two', '-o', 'all.json']);
  assert.equal(done.code, 0, done.err);
  const [entry] = Object.values(JSON.parse(fs.readFileSync(path.join(dir, 'all.json'), 'utf8')));
  assert.equal(entry.s[0], 2);
  const bare = run(dir, ['coverage', 'merge', 'one', 'bare', '-o', 'all.json']);
  assert.match(bare.err, /bare: .*this run has no coverage/);
});

test('without git the lines of the change are not judged, and that is said', () => {
  const dir = covered([1, 1], { 'muster.yaml': 'gates: {patch_coverage: {lines: 60}}\n' });
  const done = run(dir, ['gate', '--coverage', 'map.json']);
  assert.equal(done.code, 0, done.err);
  assert.match(done.out, /not evaluated +patch_coverage\.lines: /);
});

test('reports of a run: files where they belong, words for people', () => {
  const dir = project(['pass1', 'delta'], {
    'src.js': 'f();\n', 'muster.yaml': 'coverage: {reports: [lcov, cobertura, text-summary, text]}\n',
  });
  const done = runFake(dir, []);
  assert.equal(done.code, 0, done.out + done.err);
  assert.match(done.out, /Coverage summary[^]*Lines +: 100% \( 1\/1 \)/);
  assert.match(done.out, /src\.js +\| +100 \|/);
  const folderOf = path.join(dir, '.muster/latest/coverage');
  assert.deepEqual(fs.readdirSync(folderOf).sort(), ['cobertura-coverage.xml', 'coverage-final.json', 'lcov.info']);
  assert.match(fs.readFileSync(path.join(folderOf, 'lcov.info'), 'utf8'), /^SF:src\.js$/m);
  const people = runFake(dir, ['--json']); // stdout is one document
  assert.equal(JSON.parse(people.out).coverage.lines.pct, 100);
  assert.match(people.err, /Coverage summary/);
});

test('which tests touch a source: list --covering, and --changed runs those', () => {
  const dir = project(['touches1', 'touches2', 'pass3'], { 'src.js': 'f();\n', '.gitignore': '.muster\n' });
  const git = (...args) => assert.equal(spawnSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', ...args],
    { cwd: dir, env: environment() }).status, 0);
  git('init', '-q', '-b', 'main');
  git('add', '-A');
  git('commit', '-qm', 'one');
  const before = runFake(dir, ['list', '--covering', 'src.js']);
  assert.equal(before.code, 2);
  assert.match(before.err, /does not know yet which test covers what/);
  fs.appendFileSync(path.join(dir, 'src.js'), 'g();\n');
  assert.match(runFake(dir, ['--changed=HEAD', '--coverage']).out, /--changed leaves nothing out/);
  assert.equal(runFake(dir, ['--coverage']).code, 0);
  assert.equal(runFake(dir, ['list', '--covering', 'src.js']).out, 'mocha\ttest/touches1.js\nmocha\ttest/touches2.js\n');
  assert.deepEqual(JSON.parse(runFake(dir, ['list', '--covering', 'src.js', '--json']).out).files.map(f => f.file),
    ['test/touches1.js', 'test/touches2.js']);
  const done = runFake(dir, ['--changed=HEAD', '--coverage']);
  assert.equal(done.code, 0, done.out);
  assert.equal(summary(dir).files.planned, 3, 'what no run has taught anything of is run');
  const none = runFake(dir, ['--changed=nowhere']);
  assert.equal(none.code, 2);
});

test('list: files, suites and why, estimates once they are known', () => {
  const dir = project(['pass1', 'pass2']);
  const { code, out, err } = runFake(dir, ['list']);
  assert.deepEqual([code, out], [0, 'mocha\ttest/pass1.js\nmocha\ttest/pass2.js\n']);
  assert.match(err, /mocha: mocha 0\.0\.0, 2 files \(script `test`\)/);
  runFake(dir, []);
  const document = JSON.parse(runFake(dir, ['list', '--json', 'test/pass2.js']).out);
  assert.deepEqual(document.files.map(f => [f.file, f.known]), [['test/pass2.js', true]]);
  assert.deepEqual(document.suites.map(s => [s.suite, s.runner, s.root, s.files]), [['mocha', 'mocha', '.', 1]]);
  const broken = runFake(dir, ['list'], { FAKE: 'error' });
  assert.equal(broken.code, 2);
  assert.match(broken.err, /error: mocha: the configuration is broken/);
});
