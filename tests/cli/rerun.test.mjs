// The rerun command of each failure, pasted in sh, runs exactly that test: whatever it is called.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { suite } from './frameworks.mjs';
import { environment, folder, journal, muster, run, summary } from './support.mjs';

const titles = [
  `it's "quoted" \\ $HOME $(touch pwned) \`touch pwned\``, 'two\nlines\tand ^a.*b+(c|d)?[e]{2}$ ',
  '-t 日本語 🎉 #2 !history * ? ~ & ; | < > %s /c/ */', 'same', 'same', 'same #2', 'same #2',
];

const body = (names, it, group) => `${group}('a group (of) $things', () => {
    for (const title of ${JSON.stringify(names)}) ${it}(title, () => { throw new Error('no'); });
    for (const [a, b] of [[2, 'y.z']]) ${it}(\`row \${a}: \${b}\`, () => { throw new Error('no'); });
  });
  ${it}('same', () => { throw new Error('no'); });`;

const bin = folder({});
fs.symlinkSync(muster, path.join(bin, 'muster'));

const ran = dir => journal(dir).filter(e => e.type === 'test_finished')
  .map(e => [e.suite, e.project || '', e.file, ...e.path, e.occ || 1].join(' › ')).sort();

// Each failure of the project, run again alone.
function check(dir, count) {
  run(dir, ['--no-fail-fast']);
  const first = journal(dir).filter(e => e.type === 'test_finished' && e.outcome === 'failed');
  const { failures } = summary(dir);
  assert.equal(failures.length, count);
  const expected = ran(dir);
  const seen = [];
  for (const failure of failures) {
    const done = spawnSync('sh', ['-c', failure.rerun], {
      cwd: dir, env: environment({ PATH: `${bin}:${process.env.PATH}` }), encoding: 'utf8', timeout: 60000,
    });
    assert.equal(done.status, 1, failure.rerun + done.stdout + done.stderr);
    const names = ran(dir);
    assert.equal(names.length, 1, failure.rerun + '\n' + names.join('\n'));
    seen.push(names[0]);
  }
  assert.deepEqual(seen.sort(), expected);
  assert.equal(first.length, count);
  assert.equal(fs.existsSync(path.join(dir, 'pwned')), false);
}

test('jest', () => check(suite('jest', {}, { names: body(titles, 'it', 'describe') }), titles.length + 2));

// A command line has no NUL and no half of a pair: both are told as U+FFFD, and known as that.
test('titles that no command line can hold', () => {
  const broken = ['nul \0 here', 'half \ud83c of a pair', 'whole \u{1f389}'];
  for (const [name, it, group] of [['mocha', 'it', 'describe'], ['jest', 'test', 'describe']])
    check(suite(name, {}, { broken: `${group}('\\0', () => { for (const title of ${JSON.stringify(broken)}) ${it}(title, () => { throw new Error('no'); }); });` }), 3);
});

test('mocha', () => check(suite('mocha', {}, { "it's $here [1]": body(titles, 'it', 'describe') }), titles.length + 2));

// Each of its runs takes seconds, and it hangs over some of the titles by itself.
test('playwright', () => {
  const own = "require('@playwright/test').test";
  check(suite('playwright', {}, { "it's $here [1]": body(titles.slice(0, 1), own, `${own}.describe`) }), 3);
});

test('Jest: projects that share a file', () => {
  const dir = suite('jest', {}, { a: 'for (const title of ["fails", "fails", "fails #2"]) test(title, () => { throw new Error("no"); });' });
  fs.writeFileSync(path.join(dir, 'jest.config.js'), `module.exports = { projects: [
    { displayName: 'one' }, { displayName: "it's two" }] };`);
  check(dir, 6);
});

test('Playwright: projects that share a file', () => {
  const dir = suite('playwright', {}, { a: `require('@playwright/test').test('fails', () => { throw new Error('no'); });` });
  fs.writeFileSync(path.join(dir, 'playwright.config.js'), `module.exports = { testDir: 'test', projects: [
    { name: 'one' }, { name: "it's two" }] };`);
  check(dir, 2);
});

// A green rerun of one test must not pass for all that was left.
test('--failed: a narrower run settles only what it ran', () => {
  const dir = suite('mocha', {}, {
    a: "const fs = require('fs'); for (const name of ['x', 'y']) it(name, () => { if (!fs.existsSync(name)) throw new Error('no'); });",
    b: "it('fine', () => {}); it('too', () => {});",
  });
  const left = (...args) => { run(dir, ['--failed', '--no-fail-fast', ...args]); return ran(dir).map(t => t.split(' › ').at(-2)); };
  const samples = () => JSON.parse(run(dir, ['query', "SELECT file, samples FROM v_files", '--json']).out).rows;
  run(dir, ['--no-fail-fast']);
  const known = samples();
  run(dir, ['test/a.js', '-t', '^x$']);
  run(dir, ['test/b.js', '-t', '^fine$']);
  assert.deepEqual(samples(), known, 'one of its tests teaches nothing of a file');
  assert.deepEqual(left(), ['x', 'y']);
  fs.writeFileSync(path.join(dir, 'x'), '');
  run(dir, ['test/a.js', '-t', '^x$']);
  assert.deepEqual(left(), ['y']);
  run(dir, ['--failed']); // stops at it: that leaves no more than there was
  assert.deepEqual(left(), ['y']);
  run(dir, []);
  run(dir, ['test/b.js']);
  assert.deepEqual(left('-t', 'y'), ['y']);
  fs.writeFileSync(path.join(dir, 'y'), '');
  left();
  assert.match(run(dir, ['--failed']).err, /nothing to do/);
});
