// What goes wrong inside real tests, in each of the three frameworks: the failure is told where it
// belongs, the other file passes, nothing is green by accident and nobody is left behind.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { folder, here, processes, run, summary } from './support.mjs';

const modules = path.join(here, '../fixtures/mixed/node_modules');
const word = 'outlives'; // in the command line of what is left behind

const acts = {
  // name: [body of a test, kinds of the failure that would be right, the test is named]
  unresolved: ['await new Promise(() => setTimeout(() => {}, 1e6));', ['timeout'], true],
  busy: ['for (;;);', ['timeout'], true],
  stubborn: ['process.on("SIGTERM", () => {}); for (;;);', ['timeout'], true],
  segfault: ['process.kill(process.pid, "SIGSEGV"); await new Promise(() => {});', ['crash'], true],
  abort: ['process.abort();', ['crash'], true],
  exit: ['process.exit(0);', ['crash', 'error'], true],
  reallyexit: ['process.reallyExit(0);', ['crash'], true],
  memory: ['const a = []; for (;;) a.push(new Array(1e5).fill(a.length));', ['crash'], true],
  garbage: [
    `require('fs').writeSync(1, '{"type":"file_finished","outcome":"passed"}\\n\\u0000\\u0001\\n');
     throw new Error('after garbage');`, ['assertion', 'error'], true],
  flood: [
    `const line = 'y'.repeat(65535) + '\\n';
     for (let i = 0; i < 320; i++) process.stdout.write(line);
     process.stdout.write('THE END\\n'); throw new Error('after the flood');`, ['assertion', 'error'], true],
};

const frameworks = {
  jest: {
    script: 'jest', file: name => `test/${name}.test.js`,
    wrap: body => `test('bad one', async () => { ${body} }, 1e6);`,
    good: 'test("good one", () => {});', more: {},
  },
  mocha: {
    script: 'mocha', file: name => `test/${name}.js`,
    wrap: body => `it('bad one', async function () { this.timeout(0); ${body} });`,
    good: 'it("good one", () => {});', more: { '.mocharc.json': '{"parallel": true}' },
  },
  playwright: {
    script: 'playwright test', file: name => `test/${name}.spec.js`,
    wrap: body => `const { test } = require('@playwright/test'); test.setTimeout(0); test('bad one', async () => { ${body} });`,
    good: 'require("@playwright/test").test("good one", () => {});',
    more: { 'playwright.config.js': 'module.exports = { testDir: "test" };' },
  },
};

function suite(framework, bad) {
  const f = frameworks[framework];
  const dir = folder({
    'package.json': JSON.stringify({ name: 'm', scripts: { test: f.script } }), ...f.more,
    [f.file('bad')]: bad, [f.file('good')]: f.good,
  });
  fs.symlinkSync(modules, path.join(dir, 'node_modules'));
  return dir;
}

const failuresOfBad = dir => summary(dir).failures.filter(f => f.file.includes('bad'));

for (const [framework, f] of Object.entries(frameworks)) {
  for (const [act, [body, kinds, named]] of Object.entries(acts)) {
    test(`${framework}, ${act}`, () => {
      const dir = suite(framework, f.wrap(body));
      const { code, out, err } = run(dir, ['--no-fail-fast', '--timeout', '6s'], {
        NODE_OPTIONS: act === 'memory' ? '--max-old-space-size=64' : '',
      });
      assert.equal(code, 1, out + err);
      const failures = failuresOfBad(dir);
      assert.ok(failures.some(x => kinds.includes(x.kind) && (!named || x.test === 'bad one')),
        JSON.stringify(failures, null, 1) + out + err);
      assert.equal(summary(dir).files.passed, 1, out);
      if (act === 'flood') assert.match(out, /THE END/);
      assert.equal(processes(dir).length, 0);
    });
  }

  test(`${framework}, a file that does not load`, () => {
    const dir = suite(framework, 'throw new Error("broken at load");');
    const { code, out } = run(dir, ['--no-fail-fast']);
    assert.equal(code, 1, out);
    const failures = failuresOfBad(dir);
    assert.deepEqual(failures.map(x => [x.test, x.kind]), [[null, 'load']], out);
    assert.match(failures[0].message, /broken at load/);
    assert.equal(summary(dir).files.passed, 1, out);
  });

  test(`${framework}, a grandchild that lives on and holds the pipes`, () => {
    const dir = suite(framework, f.wrap(
      `require('child_process').spawn('sh', ['-c', 'while :; do sleep 1; done # ${word}-${framework}'],
        { detached: true, stdio: 'inherit' }).unref();`));
    const { code, out } = run(dir, ['--no-fail-fast', '--timeout', '20s']);
    assert.equal(code, 0, out);
    assert.equal(processes(`${word}-${framework}`).length, 0);
  });

  test(`${framework}, a file without tests: as the framework has it`, () => {
    const dir = suite(framework, '"nothing here";');
    const { code, out } = run(dir, ['--no-fail-fast']);
    assert.equal(code, framework === 'jest' ? 1 : 0, out);
    assert.equal(summary(dir).files.passed >= 1, true, out);
  });
}
