// Real Jest: what of a project makes it fail must fail here, and nothing else.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { environment, folder, here, run, summary } from './support.mjs';

const modules = path.join(here, '../fixtures/jest-basic/node_modules');
const snapshot = '// Jest Snapshot v1, https://jestjs.io/docs/snapshot-testing\n\nexports[`a 1`] = `1`;\n';

function suite(files, jest = {}, script = 'jest') {
  const dir = folder({ 'package.json': JSON.stringify({ name: 'm', scripts: { test: script }, jest }), ...files });
  fs.symlinkSync(modules, path.join(dir, 'node_modules'));
  return dir;
}

// The exit code of Jest itself
function alone(dir, args = []) {
  return spawnSync('node', ['node_modules/jest/bin/jest.js', ...args], { cwd: dir, env: environment() }).status;
}

test('a snapshot file whose test file is gone fails the run, as in Jest', () => {
  const dir = suite({ 'a.test.js': 'test("a", () => {});', '__snapshots__/gone.test.js.snap': snapshot });
  assert.deepEqual([alone(dir), alone(dir, ['--ci'])], [1, 1]);
  const { code, out } = run(dir, []);
  assert.equal(code, 1, out);
  assert.match(out, /snapshot files without a test file, to remove with `jest -u`: __snapshots__\/gone\.test\.js\.snap/);
  assert.deepEqual([summary(dir).verdict, summary(dir).files.passed], ['failed', 1]); // it ran all the same
  assert.equal(run(dir, ['list']).code, 0);
  assert.equal(run(dir, ['--', '-u']).code, 0);
  assert.equal(run(dir, []).code, 0);
});

test('snapshot files of ignored tests and of projects without a test are not looked at', () => {
  const files = {
    'p1/a.test.js': 'test("a", () => {});', 'p1/old/__snapshots__/x.test.js.snap': snapshot,
    'p2/__snapshots__/y.test.js.snap': snapshot,
  };
  const dir = suite(files, { projects: [
    { rootDir: '<rootDir>/p1', testPathIgnorePatterns: ['/old/'] }, { rootDir: '<rootDir>/p2' }] });
  assert.equal(alone(dir), 0);
  const { code, out } = run(dir, []);
  assert.equal(code, 0, out);
});

test('where snapshots are is for the snapshotResolver to say', () => {
  const resolver = `module.exports = {
    resolveSnapshotPath: (file, ext) => file.replace(/([^/]+)$/, 'snaps/$1' + ext),
    resolveTestPath: (file, ext) => file.replace('snaps/', '').slice(0, -ext.length),
    testPathForConsistencyCheck: 'x/y.test.js' };`;
  const dir = suite({ 'a.test.js': 'test("a", () => { expect(1).toMatchSnapshot(); });', 'resolver.js': resolver,
    'snaps/a.test.js.snap': snapshot }, { snapshotResolver: './resolver.js' });
  assert.deepEqual([alone(dir), run(dir, []).code], [0, 0]);
  fs.writeFileSync(path.join(dir, 'snaps/gone.test.js.snap'), snapshot);
  assert.deepEqual([alone(dir), run(dir, []).code], [1, 1]);
});

const passing = 'test("passes", () => {});';

for (const [what, body] of [
  ['process.exitCode', 'test("a", () => { process.exitCode = 4; });'],
  ['something loaded after the end', 'test("a", () => { setTimeout(() => require("./later"), 100); });'],
  ['an error after the end', 'test("a", () => { setTimeout(() => { throw new Error("late"); }, 100); });'],
]) {
  test(`${what} fails a suite in one process, as it does Jest`, () => {
    // The second file is there to outlive what the first has left.
    const files = { 'a.test.js': body, 'later.js': '', 'b.test.js': 'test("b", () => new Promise(r => setTimeout(r, 1000)));' };
    const serial = suite(files, {}, 'jest -i');
    assert.equal(alone(serial, ['-i']) === 0, false);
    const { code, out } = run(serial, ['--no-fail-fast', '-j1']);
    assert.equal(code, 1, out);
    if (what !== 'an error after the end') // which may come in the next file
      assert.match(out, /process\.exitCode at [14]/);
  });
}

test('process.exitCode is of no account in a suite of several processes, as in Jest', () => {
  const dir = suite({ 'a.test.js': 'test("a", () => { process.exitCode = 4; });', 'b.test.js': passing });
  assert.deepEqual([alone(dir, ['--maxWorkers=2']), run(dir, []).code], [0, 0]);
});

test('detectLeaks finds no leak of ours', () => {
  const dir = suite({ 'a.test.js': passing }, {}, 'jest --detectLeaks');
  const { code, out } = run(dir, []);
  assert.equal(code, alone(dir, ['--detectLeaks']), out);
});

test('packages are found where the script with which pnpm starts Jest looks for them', () => {
  const dir = folder({
    'package.json': JSON.stringify({ name: 'm', scripts: { test: 'jest' } }),
    'a.test.js': 'test("a", () => { expect(require(require.resolve("hidden", { paths: [__dirname] }))).toBe(1); });',
    'store/hidden/index.js': 'module.exports = 1;',
  });
  fs.mkdirSync(path.join(dir, 'node_modules/.bin'), { recursive: true });
  fs.symlinkSync(path.join(modules, 'jest'), path.join(dir, 'node_modules/jest'));
  const store = path.join(dir, 'store');
  fs.writeFileSync(path.join(dir, 'node_modules/.bin/jest'), `#!/bin/sh
if [ -z "$NODE_PATH" ]; then
  export NODE_PATH="${store}"
else
  export NODE_PATH="${store}:$NODE_PATH"
fi
exec node ${path.join(modules, 'jest/bin/jest.js')} "$@"
`, { mode: 0o755 });
  assert.equal(spawnSync('node_modules/.bin/jest', [], { cwd: dir, env: environment() }).status, 0);
  const { code, out } = run(dir, []);
  assert.equal(code, 0, out);
});
