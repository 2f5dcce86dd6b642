// Coverage as the runs collect it: totals are those of the runner alone, to the digit; gates judge them.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { environment, folder, here, journal, run, summary } from './support.mjs';

const fixture = path.join(here, '../fixtures/collect');
const bin = name => path.join(fixture, 'node_modules/.bin', name);

/* A copy of one of the fixture's projects, with its tools. */
function copy(name, files = {}) {
  const dir = folder(files);
  fs.cpSync(path.join(fixture, name), dir, {
    recursive: true, force: false, filter: source => !/[\\/](\.muster|coverage|\.nyc_output|node_modules)$/.test(source),
  });
  fs.symlinkSync(path.join(fixture, 'node_modules'), path.join(dir, 'node_modules'));
  return dir;
}

function totals(map) {
  const done = spawnSync(process.execPath, ['-e', `
    const lib = require('istanbul-lib-coverage');
    const map = lib.createCoverageMap(JSON.parse(require('fs').readFileSync(process.argv[1], 'utf8')));
    process.stdout.write(JSON.stringify(map.getCoverageSummary().toJSON()));
  `, map], { cwd: fixture, encoding: 'utf8' });
  assert.equal(done.status, 0, done.stderr);
  return JSON.parse(done.stdout);
}

function alone(dir, program, args, env) {
  const out = path.join(dir, 'alone');
  const done = spawnSync(path.resolve(bin('x'), '..', program), args(out), { cwd: dir, env: environment(env), encoding: 'utf8' });
  assert.equal(done.status, 0, done.stdout + done.stderr);
  return { totals: totals(path.join(out, 'coverage-final.json')), map: read(path.join(out, 'coverage-final.json')) };
}

const read = file => JSON.parse(fs.readFileSync(file, 'utf8'));
const mapOf = dir => read(path.join(dir, '.muster/latest/coverage/coverage-final.json'));

function collected(dir, args = [], env = {}) {
  const done = run(dir, ['--coverage', '--no-gates', ...args], env);
  assert.equal(done.code, 0, done.out + done.err);
  return summary(dir).coverage;
}

function same(coverage, expected) {
  for (const kind of ['lines', 'branches', 'functions', 'statements']) {
    const { covered, total, pct } = expected[kind];
    assert.deepEqual(coverage[kind], { covered, total, pct }, kind);
  }
}

/* Counts of each place, whatever the ids. */
function hits(map, dir) {
  return Object.fromEntries(Object.values(map).map(({ path: file, statementMap, s }) => [
    path.relative(dir, file),
    Object.entries(s).map(([id, count]) => `${statementMap[id].start.line}:${statementMap[id].start.column}=${count}`).sort(),
  ]).sort());
}

for (const provider of ['babel', 'v8'])
  for (const all of ['', '1'])
    test(`jest, ${provider}${all && ', never loaded files, too'}`, () => {
      const dir = copy('jest');
      const env = { PROVIDER: provider, ALL: all };
      const expected = alone(dir, 'jest',
        out => ['--coverage', `--coverageDirectory=${out}`, '--coverageReporters=json'], env);
      same(collected(dir, ['-j2'], env), expected.totals);
      assert.deepEqual(hits(mapOf(dir), dir), hits(expected.map, dir));
      assert.equal(Object.keys(mapOf(dir)).some(file => file.endsWith('src/never.ts')), Boolean(all));
      assert.deepEqual(fs.readdirSync(path.join(dir, '.muster/latest/coverage')), ['coverage-final.json']);
    });

const projects = {
  'package.json': '{"name":"two","private":true,"scripts":{"test":"jest"}}',
  'jest.config.js': `module.exports = {
    coverageProvider: process.env.PROVIDER,
    collectCoverageFrom: ['**/*.js', '!**/*.test.js', '!*.config.js'],
    projects: ['one', 'two'].map(name => ({ displayName: name, rootDir: __dirname + '/' + name, transform: {} })),
  };`,
  'one/shared.js': 'exports.half = n => {\n  if (n % 2)\n    throw new Error("odd");\n  return n / 2;\n};\n',
  'one/a.test.js': "const { half } = require('./shared');\ntest('even', () => expect(half(4)).toBe(2));\n",
  'two/never.js': 'exports.never = () => 1;\n',
  'two/own.js': "const { half } = require('../one/shared');\nexports.safe = n => {\n  try {\n    return half(n);\n  } catch {\n    return 0;\n  }\n};\n",
  'two/b.test.js': "const { safe } = require('./own');\ntest('odd', () => expect(safe(3)).toBe(0));\ntest('even', () => expect(safe(2)).toBe(1));\n",
};
const jest29 = path.join(here, '../fixtures/jest-29/node_modules');

for (const [version, modules, providers] of [['29', jest29, ['babel', 'v8']], ['30', path.join(fixture, 'node_modules'), ['babel']]])
  for (const provider of providers)
    test(`jest ${version}, ${provider}, projects`, () => {
      const dir = folder(projects);
      fs.symlinkSync(modules, path.join(dir, 'node_modules'));
      const env = { PROVIDER: provider };
      const expected = alone(dir, path.join(modules, '.bin/jest'),
        out => ['--coverage', `--coverageDirectory=${out}`, '--coverageReporters=json'], env);
      assert.deepEqual(Object.keys(expected.map).map(file => path.relative(dir, file)).sort(),
        ['one/shared.js', 'two/never.js', 'two/own.js']);
      same(collected(dir, ['-j2'], env), expected.totals);
      assert.deepEqual(hits(mapOf(dir), dir), hits(expected.map, dir));
    });

test('jest: include and exclude of muster.yaml win over the project', () => {
  const dir = copy('jest', { 'muster.yaml': 'coverage: {include: ["src/**"], exclude: ["**/cart.ts"]}\n' });
  const done = run(dir, ['--no-gates']);
  assert.equal(done.code, 0, done.out + done.err);
  assert.deepEqual(Object.keys(mapOf(dir)).map(file => path.basename(file)), ['never.ts', 'round.js', 'tax.js']);
});

const mochaScript = script => JSON.stringify({ name: 'm', private: true, scripts: { test: script } });

for (const tool of ['c8', 'c8 --all --src src', 'nyc', 'nyc --all'])
  test(`mocha in ${tool}`, () => {
    const dir = copy('mocha', { 'package.json': mochaScript(`${tool} mocha`) });
    const [name, ...options] = tool.split(' ');
    const expected = alone(dir, name, out => [...options, '-r', 'json', '--report-dir', out, bin('mocha')]);
    same(collected(dir, ['-j2']), expected.totals);
  });

for (const tool of ['c8', 'nyc --extension .ts'])
  test(`mocha in ${tool}, TypeScript through source maps`, () => {
    const dir = folder({
      'package.json': mochaScript(`${tool} mocha`),
      '.mocharc.json': '{"require":"ts-node/register/transpile-only","extension":["ts"],"spec":"test/*.spec.ts"}',
      'tsconfig.json': '{"compilerOptions":{"module":"commonjs","target":"es2022","strict":true,"types":[]}}',
      'src/cart.ts': fs.readFileSync(path.join(fixture, 'jest/src/cart.ts'), 'utf8'),
      'test/cart.spec.ts': `
        import { Cart } from '../src/cart';
        declare const it: (name: string, fn: () => void) => void;
        it('adds', () => { if (new Cart().add({ name: 'a', price: 2 }).total() !== 2) throw new Error(); });
      `,
    });
    fs.symlinkSync(path.join(fixture, 'node_modules'), path.join(dir, 'node_modules'));
    const [name, ...options] = tool.split(' ');
    const expected = alone(dir, name, out => [...options, '-r', 'json', '--report-dir', out, bin('mocha')]);
    assert.ok(expected.totals.lines.total > 5);
    same(collected(dir), expected.totals);
    assert.deepEqual(Object.keys(mapOf(dir)).map(file => path.basename(file)), ['cart.ts']);
  });

test('mocha without a tool: a line is a statement', () => {
  const dir = copy('mocha');
  fs.unlinkSync(path.join(dir, 'node_modules'));
  fs.mkdirSync(path.join(dir, 'node_modules'));
  for (const name of fs.readdirSync(path.join(fixture, 'node_modules')))
    if (!['c8', 'nyc', '.bin'].includes(name))
      fs.symlinkSync(path.join(fixture, 'node_modules', name), path.join(dir, 'node_modules', name));
  const coverage = collected(dir);
  // as c8 counts the same run
  assert.deepEqual(coverage.lines, { covered: 27, total: 34, pct: 79.41 });
  assert.deepEqual(coverage.functions, { covered: 4, total: 5, pct: 80 });
  const shape = Object.values(mapOf(dir)).find(entry => entry.path.endsWith('shape.js'));
  const line = number => shape.s[Object.keys(shape.statementMap).find(id => shape.statementMap[id].start.line === number)];
  assert.deepEqual([line(9) > 0, line(10), line(17) > 0, line(21)], [true, 0, true, 0]);
});

test('mocha: never loaded files count when muster.yaml says what does', () => {
  for (const tool of ['', 'c8', 'nyc']) {
    const dir = copy('mocha', {
      'package.json': mochaScript(`${tool} mocha`.trim()), 'muster.yaml': 'coverage: {include: ["src/**"]}\n',
    });
    assert.equal(run(dir, ['--no-gates']).code, 0);
    assert.deepEqual(Object.keys(mapOf(dir)).map(file => path.basename(file)), ['child.js', 'never.js', 'shape.js'], tool);
  }
});

test('a worker that dies takes the running file with it, nothing else', () => {
  const dir = copy('jest', {
    'test/killer.test.js': `
      import { gross } from '../src/tax';
      test('dies', () => { gross(-5); process.kill(process.pid, 'SIGKILL'); });
    `,
  });
  const done = run(dir, ['--coverage', '--no-fail-fast', '--no-gates', '-j1']);
  assert.equal(done.code, 1, done.out + done.err);
  const map = mapOf(dir);
  assert.deepEqual(Object.keys(map).map(file => path.basename(file)).sort(), ['cart.ts', 'round.js', 'tax.js']);
  assert.equal(summary(dir).coverage.lines.covered, 14);
});

/* ---- gates ---- */

const gates = dir => Object.fromEntries(summary(dir).gates.map(({ name, status }) => [name, status]));

test('90 % of everything is wanted whenever coverage is collected', () => {
  const dir = copy('jest');
  const done = run(dir, ['--coverage']);
  assert.equal(done.code, 6);
  assert.deepEqual(gates(dir), {
    'coverage.lines': 'failed', 'coverage.branches': 'failed', 'coverage.functions': 'failed',
    'coverage.statements': 'failed',
  });
  assert.match(done.out, /coverage\.lines failed: 82\.35 % \(14 of 17 lines\), limit 90 %: 2 more lines are needed\. Most to gain: src\/cart\.ts \(2\)/);
  assert.equal(summary(dir).exit_reason, 'gate failed');
  assert.equal(run(dir, []).code, 0, 'nobody asked for coverage');
  assert.deepEqual(summary(dir).gates, []);
  assert.equal(summary(dir).coverage, null);
});

test('limits of muster.yaml; a report of them is the same; gate judges again', () => {
  const dir = copy('jest', {
    'muster.yaml': 'coverage: {reports: [lcov, text-summary]}\ngates: {coverage: {lines: 80, branches: off, functions: 80, statements: 80}, coverage_by: {src: {lines: 99}}}\n',
  });
  const done = run(dir, []);
  assert.equal(done.code, 6, done.out + done.err);
  assert.deepEqual(gates(dir), {
    'coverage.lines': 'passed', 'coverage.functions': 'passed', 'coverage.statements': 'passed',
    'coverage.lines src': 'failed',
  });
  assert.match(done.out, /Coverage summary/);
  assert.deepEqual(fs.readdirSync(path.join(dir, '.muster/latest/coverage')).sort(), ['coverage-final.json', 'lcov.info']);
  const again = run(dir, ['report', '--json']);
  assert.deepEqual(JSON.parse(again.out).gates, summary(dir).gates);
  assert.deepEqual(JSON.parse(again.out).coverage, summary(dir).coverage);
  assert.equal(run(dir, ['gate']).code, 6);
  fs.writeFileSync(path.join(dir, 'muster.yaml'), 'gates: {coverage: 70}\n');
  const judged = run(dir, ['gate', '--json']);
  assert.equal(judged.code, 0, judged.out);
  assert.equal(JSON.parse(judged.out).gates.length, 4);
  const map = path.join(dir, '.muster/latest/coverage/coverage-final.json');
  assert.equal(run(dir, ['coverage', 'check', map]).code, 0);
  assert.equal(run(dir, ['gate', '--coverage', map, '--junit', path.join(dir, '.muster/latest/junit.xml')]).code, 0);
});

test('not evaluated: after a failure, after a choice of tests', () => {
  const dir = copy('jest', { 'test/bad.test.js': "test('bad', () => { throw new Error('no'); });\n" });
  for (const args of [['-t', 'adds'], ['test/tax.test.js'], ['--no-fail-fast'], []]) {
    const done = run(dir, ['--coverage', ...args]);
    assert.equal(done.code, args.length && args[0] !== '--no-fail-fast' ? 0 : 1, done.out + done.err);
    assert.deepEqual([...new Set(Object.values(gates(dir)))], ['not_evaluated'], args.join(' '));
  }
  const texts = () => summary(dir).gates.map(gate => gate.text);
  assert.equal(texts()[0], 'the run stopped at a failure');
  run(dir, ['--coverage', '-t', 'adds']);
  assert.equal(texts()[0], 'only tests that match -t ran');
  assert.equal(summary(dir).coverage.complete, false);
  assert.equal(run(dir, ['gate']).code, 0);
});

test('a run that stops says that there is no report, or that it is partial', () => {
  const dir = copy('mocha', {
    'test/bad.spec.js': "it('bad', () => { throw new Error('no'); });\n", 'muster.yaml': 'coverage: {reports: [lcov]}\n',
  });
  const none = run(dir, ['-j1']);
  assert.equal(none.code, 1, none.out + none.err);
  assert.match(none.out + none.err, /no coverage report: the run stopped at a failure before a suite was done; --no-fail-fast makes one/);
  assert.deepEqual(fs.readdirSync(path.join(dir, '.muster/latest/coverage')), []);
  assert.equal(summary(dir).coverage, null);

  // the process of the first suite leaves when its map is made; the second fails only then
  const two = folder({
    'package.json': '{"name":"two","private":true}',
    'muster.yaml': 'coverage: {reports: [lcov]}\nsuites: [{name: first, runner: mocha, root: a}, {name: second, runner: mocha, root: b}]\n',
    'a/package.json': mochaScript('mocha'), 'b/package.json': mochaScript('mocha'),
    'a/sum.js': 'module.exports = (a, b) => a + b;\n',
    'a/test/a.spec.js': `
      process.on('exit', () => require('fs').writeFileSync(__dirname + '/gone', ''));
      it('adds', () => { if (require('../sum')(1, 2) !== 3) throw new Error(); });
    `,
    'b/test/b.spec.js': `
      it('fails', async () => {
        while (!require('fs').existsSync(__dirname + '/../../a/test/gone'))
          await new Promise(resolve => setTimeout(resolve, 20));
        throw new Error('no');
      }).timeout(0);
    `,
  });
  for (const suite of ['a', 'b'])
    fs.symlinkSync(path.join(fixture, 'node_modules'), path.join(two, suite, 'node_modules'));
  const part = run(two, ['-j2']);
  assert.equal(part.code, 1, part.out + part.err);
  assert.match(part.out + part.err, /the coverage report is partial: the run stopped at a failure; it has only the suites that were done/);
  assert.deepEqual(Object.keys(mapOf(two)).map(file => path.relative(two, file)), ['a/sum.js']);
  assert.ok(fs.existsSync(path.join(two, '.muster/latest/coverage/lcov.info')));
  assert.deepEqual([...new Set(Object.values(gates(two)))], ['not_evaluated']);
  assert.equal(summary(two).coverage.complete, false);
});

test('shards: merge judges the whole, with the root of each', () => {
  const whole = copy('jest');
  const expected = collected(whole);
  const dir = copy('jest');
  // the fourth has nothing to do, and nothing is missing without it
  const shards = ['1/4', '2/4', '3/4', '4/4'];
  const out = shards.map(shard => `out-${shard[0]}`);
  for (const shard of shards) {
    const done = run(dir, ['--coverage', '--shard', shard, '--out', path.join(dir, `out-${shard[0]}`)]);
    assert.equal(done.code, 0, done.out + done.err);
    const own = read(path.join(dir, `out-${shard[0]}`, 'summary.json'));
    assert.equal(own.gates.every(gate => gate.status === 'not_evaluated'), true);
  }
  const merged = run(dir, ['merge', ...out, '--out', 'merged']);
  assert.equal(merged.code, 6, merged.out + merged.err);
  const result = read(path.join(dir, 'merged/summary.json'));
  assert.deepEqual(result.coverage, expected);
  assert.equal(result.gates.find(gate => gate.name === 'coverage.lines').status, 'failed');
  fs.rmSync(path.join(dir, 'out-2/coverage'), { recursive: true });
  const part = run(dir, ['merge', ...out, '--out', 'partly']);
  assert.equal(part.code, 0, part.out + part.err);
  const [gate] = read(path.join(dir, 'partly/summary.json')).gates.filter(entry => entry.name === 'coverage.lines');
  assert.equal(gate.status, 'not_evaluated');
  assert.match(gate.text, /1 of the runs brought no coverage/);
});

test('the same run twice, and a shard that was tried again: each counts once, and that is said', () => {
  const dir = copy('mocha', { 'muster.yaml': 'gates: off\n' });
  assert.equal(run(dir, ['plan', '--shards', '2', '-o', 'plan.json']).code, 0);
  const shard = (number, attempt, out) => {
    const done = run(dir, ['--coverage', '--plan', 'plan.json', '--shard', `${number}/2`, '--attempt', attempt, '--out', path.join(dir, out)]);
    assert.equal(done.code, 0, done.out + done.err);
  };
  shard(1, '1', 'one');
  shard(2, '1', 'two');
  const merge = (out, ...inputs) => {
    const done = run(dir, ['coverage', 'merge', ...inputs, '-o', out]);
    assert.equal(done.code, 0, done.out + done.err);
    return done.err;
  };
  merge('expected.json', 'one', 'two');
  shard(1, '2', 'one-again');
  fs.cpSync(path.join(dir, 'two'), path.join(dir, 'two-copied'), { recursive: true });
  const said = merge('once.json', 'one', 'two', 'two-copied', 'one-again');
  assert.match(said, /notice: .*\/two(-copied)?: left out: the same run was found before/);
  assert.match(said, /notice: .*\/one: left out: .*attempt/);
  assert.deepEqual(read(path.join(dir, 'once.json')), read(path.join(dir, 'expected.json')));
});

test('the change: lines of new files count, too, also those that git does not know yet', () => {
  const root = copy('mocha', { '.gitignore': 'node_modules\n.muster\n' });
  const git = (...args) => {
    const done = spawnSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', ...args], { cwd: root, encoding: 'utf8', env: environment() });
    assert.equal(done.status, 0, done.stderr);
  };
  git('init', '-q', '-b', 'main');
  git('add', '-A');
  git('commit', '-qm', 'one');
  fs.writeFileSync(path.join(root, 'src/new one.js'), 'exports.a = n => {\n  if (n)\n    return 1;\n  return 2;\n};\n');
  fs.writeFileSync(path.join(root, 'test/new.spec.js'), "const { a } = require('../src/new one');\nit('a', () => { if (a(0) !== 2) throw new Error(); });\n");
  fs.writeFileSync(path.join(root, 'package.json'), mochaScript('nyc mocha'));
  const done = run(root, ['--coverage']);
  assert.match(done.out, /all files|Coverage/i);
  const check = (...args) => {
    const judged = run(root, ['coverage', 'check', '--against', ...args]);
    assert.equal(judged.code, 6, judged.out + judged.err);
    assert.match(judged.out, /patch_coverage\.lines: 75\.00 % \(3 of 4 changed lines\), limit 90 %\. Not covered: src\/new one\.js:3\n/);
    assert.match(judged.out, /\nchanged and not covered:\nsrc\/new one\.js:3\n$/);
    return judged;
  };
  check('HEAD');
  git('add', '-A');
  git('commit', '-qm', 'two');
  check('HEAD~1');
  assert.deepEqual(JSON.parse(run(root, ['coverage', 'check', '--against', 'HEAD~1', '--json']).out).uncovered, ['src/new one.js:3']);
  assert.match(run(root, ['coverage', 'check', '--against', 'HEAD']).out, /no line that can be covered differs from/);
});

/* ---- the test map ---- */

test('which tests cover a source', () => {
  const dir = copy('jest');
  const before = run(dir, ['list', '--covering', 'src/tax.js']);
  assert.equal(before.code, 2);
  assert.match(before.err, /does not know yet/);
  run(dir, ['--coverage', '--no-gates']);
  assert.equal(run(dir, ['list', '--covering', 'src/tax.js']).out, 'jest\ttest/discount.test.ts\njest\ttest/tax.test.js\n');
  assert.equal(run(dir, ['list', '--covering', 'src/never.ts']).out, '');
  assert.equal(run(path.join(dir, 'src'), ['list', '--covering', 'cart.ts', '-c', '../muster.yaml']).code, 2);
  const touched = journal(dir).filter(line => line.type === 'coverage' && line.file === 'test/tax.test.js');
  assert.equal(touched.length, 1);
  assert.match(touched[0].text, /src\/tax\.js/);
});

test('--changed runs what the change can touch', () => {
  const dir = copy('jest', { '.gitignore': 'node_modules\n.muster\n', 'README.md': '' });
  const git = (...args) => {
    const done = spawnSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', '-c', 'commit.gpgsign=false', ...args], { cwd: dir });
    assert.equal(done.status, 0, String(done.stderr));
  };
  const change = file => fs.appendFileSync(path.join(dir, file), '\n');
  const listed = (...args) => run(dir, ['list', '--changed=HEAD', ...args]).out.split('\n').filter(Boolean).map(line => line.split('\t')[1]);
  const all = run(dir, ['list']).out.trim().split('\n').length;

  git('init', '-q', '-b', 'main');
  git('add', '.');
  git('commit', '-qm', 'one');
  change('src/tax.js');
  const first = run(dir, ['run', '--changed=HEAD', '--coverage', '--no-gates']);
  assert.match(first.out, /warning: --changed leaves nothing out: .*muster --coverage/);
  assert.equal(summary(dir).files.planned, all);

  assert.deepEqual(listed(), ['test/discount.test.ts', 'test/tax.test.js']);
  const second = run(dir, ['--changed=HEAD', '--coverage']);
  assert.equal(second.code, 0, second.out + second.err);
  assert.equal(summary(dir).files.passed, 2);
  assert.match(second.out, /coverage\.lines not evaluated: only what the change can touch ran/);

  const plan = JSON.parse(run(dir, ['plan', '--changed=HEAD', '--shards', '2', '--json']).out);
  assert.equal(plan.files, 2);
  assert.match(run(dir, ['--changed', '--plan', 'p.json', '--shard', '1/2']).err, /--changed and --plan do not go together/);

  git('commit', '-qam', 'two');
  change('README.md');
  const none = run(dir, ['--changed=HEAD']);
  assert.equal(none.code, 4, 'nothing ran, so that nothing is proven');
  assert.deepEqual(run(dir, ['list', '--changed']).out.match(/test\/\w+\.test/g), ['test/discount.test', 'test/tax.test'],
    'on the base branch: since the commit before');
  change('package.json');
  assert.equal(listed().length, all);
  assert.equal(run(dir, ['--changed=nowhere']).code, 2);
});

test('mocha: code that ran for another file belongs to each file that needs it', () => {
  const dir = copy('mocha');
  run(dir, ['--coverage', '--no-gates', '-j1']);
  assert.equal(run(dir, ['list', '--covering', 'src/shape.js']).out, 'mocha\ttest/a.spec.js\nmocha\ttest/b.spec.js\n');
});

/* ---- Playwright ---- */

const chromium = '/usr/bin/chromium';
const mixed = path.join(here, '../fixtures/mixed/node_modules');
const canBrowse = fs.existsSync(chromium) && fs.existsSync(path.join(mixed, '@playwright/test'));

const site = {
  'package.json': '{"name":"site","private":true,"scripts":{"test":"playwright test"}}',
  'playwright.config.js': `
    module.exports = {
      testDir: 'e2e',
      use: {
        baseURL: 'http://127.0.0.1:' + process.env.SITE_PORT,
        launchOptions: { executablePath: '${chromium}', args: ['--no-sandbox', '--disable-gpu'] },
      },
      webServer: { command: 'node server.js', url: 'http://127.0.0.1:' + process.env.SITE_PORT },
    };
  `,
  'server.js': `'use strict';
const http = require('http');
const fs = require('fs');
const types = { '.js': 'text/javascript', '.html': 'text/html' };
function unused() {
  return 1;
}
http.createServer((request, response) => {
  const name = request.url === '/' ? '/index.html' : request.url;
  const file = __dirname + '/public' + name;
  if (!fs.existsSync(file)) {
    response.writeHead(404);
    return response.end(name.length > 100 ? unused() : 'no');
  }
  response.setHeader('content-type', types[name.slice(name.lastIndexOf('.'))]);
  response.end(fs.readFileSync(file));
}).listen(process.env.SITE_PORT, '127.0.0.1');
`,
  'public/index.html': '<h1>?</h1><script src="/app.js"></script><script src="/instrumented.js"></script>',
  'public/app.js': `function greet(name) {
  if (name === 'nobody') {
    return 'silence';
  }
  return 'hello ' + name;
}
function never() {
  return 1;
}
document.querySelector('h1').textContent = greet(location.hash.slice(1) || 'you');
`,
  'e2e/a.spec.js': `
    const { test, expect } = require('@playwright/test');
    test('greets', async ({ page }) => {
      await page.goto('/');
      await expect(page.locator('h1')).toHaveText('hello you');
    });
    test('counts for itself', async ({ page }) => {
      await page.coverage.startJSCoverage();
      await page.goto('/#me');
      const entries = await page.coverage.stopJSCoverage();
      expect(entries.some(entry => entry.url.endsWith('/app.js'))).toBe(true);
    });
  `,
  'e2e/b.spec.js': `
    const { test, expect } = require('@playwright/test');
    test('a context of its own', async ({ browser, baseURL }) => {
      const context = await browser.newContext();
      const page = await context.newPage();
      await page.goto(baseURL + '/#nobody');
      await expect(page.locator('h1')).toHaveText('silence');
      await page.goto(baseURL + '/');
      await context.close();
    });
  `,
};

/* Istanbul's own object, as an instrumented bundle would leave it on the page; one file was compiled before. */
function instrumented(dir) {
  const file = path.join(dir, 'public/lib.js');
  fs.writeFileSync(file, 'one();\n');
  const entry = {
    path: file, statementMap: { 0: { start: { line: 1, column: 0 }, end: { line: 1, column: 6 } } },
    fnMap: {}, branchMap: {}, s: { 0: 1 }, f: {}, b: {},
  };
  const typed = path.join(dir, 'public/typed.js');
  fs.writeFileSync(path.join(dir, 'public/typed.ts'), 'type Two = 2;\n\ntwo();\n');
  const compiled = {
    // line 1, columns 0 to 6: line 3 of typed.ts
    ...entry, path: typed, inputSourceMap: { version: 3, names: [], sources: ['typed.ts'], mappings: 'AAEA,MAAM' },
  };
  fs.writeFileSync(path.join(dir, 'public/instrumented.js'),
    `globalThis.__coverage__ = ${JSON.stringify({ [file]: entry, [typed]: compiled })};\n`);
}

test('playwright: pages of Chromium, instrumented pages, and the web server', { skip: !canBrowse }, () => {
  const dir = folder(site);
  instrumented(dir);
  fs.symlinkSync(mixed, path.join(dir, 'node_modules'));
  const done = run(dir, ['--coverage', '--no-gates', '-j1'], { SITE_PORT: String(20000 + process.pid % 20000) });
  assert.equal(done.code, 0, done.out + done.err);
  const map = Object.fromEntries(Object.values(mapOf(dir)).map(entry => [path.relative(dir, entry.path), entry]));
  assert.deepEqual(Object.keys(map), ['public/app.js', 'public/instrumented.js', 'public/lib.js', 'public/typed.ts', 'server.js']);
  const lines = name => Object.entries(map[name].s).map(([id, count]) => [map[name].statementMap[id].start.line, count]);
  const app = Object.fromEntries(lines('public/app.js'));
  assert.equal(app[3], 1, 'only b.spec.js asks for nobody');
  assert.equal(app[8], 0);
  assert.equal(app[10], 3, 'a page that counts for itself is its own');
  assert.deepEqual(lines('public/lib.js'), [[1, 3]]);
  assert.deepEqual(lines('public/typed.ts'), [[3, 3]]);
  const server = Object.fromEntries(lines('server.js'));
  assert.equal(server[6], 0);
  assert.ok(server[9] >= 9, 'the server was asked before it was killed');
  assert.equal(run(dir, ['list', '--covering', 'public/app.js']).out, 'playwright\te2e/a.spec.js\nplaywright\te2e/b.spec.js\n');
});
