// What goes wrong inside real tests, in each of the three frameworks: the failure is told where it
// belongs, the other files pass, nothing is green by accident and nobody is left behind.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { frameworks, suite } from './frameworks.mjs';
import { processes, run, start, summary, until } from './support.mjs';

// name: [body of a test, kinds of the failure that would be right]
const hangs = {
  unresolved: ['await new Promise(() => setTimeout(() => {}, 1e6));', ['timeout']],
  stubborn: ['process.on("SIGTERM", () => {}); for (;;);', ['timeout']],
};
const deaths = {
  segfault: ['process.kill(process.pid, "SIGSEGV"); await new Promise(() => {});', ['crash']],
  abort: ['process.abort();', ['crash']],
  exit: ['process.exit(0);', ['crash', 'error']],
  reallyexit: ['process.reallyExit(0);', ['crash']],
  garbage: [
    `require('fs').writeSync(1, '{"type":"file_finished","outcome":"passed"}\\n\\u0000\\u0001\\n');
     throw new Error('after garbage');`, ['assertion', 'error']],
};
const memory = { memory: ['const a = []; for (;;) a.push(new Array(1e5).fill(a.length));', ['crash']] };
const good = { good: '' };

const failuresIn = (dir, name) => summary(dir).failures.filter(f => path.basename(f.file).split('.')[0] === name);

// All of them in one run: none is taken for another, and the good file passes between them.
function runActs(framework, acts, args, env) {
  const bodies = Object.fromEntries(Object.entries(acts).map(([name, [body]]) => [name, body]));
  const dir = suite(framework, { ...bodies, ...good });
  const { code, out, err } = run(dir, ['--no-fail-fast', ...args], env);
  assert.equal(code, 1, out + err);
  for (const [name, [, kinds]] of Object.entries(acts)) {
    const failures = failuresIn(dir, name);
    assert.ok(failures.some(x => kinds.includes(x.kind) && x.test === `${name} one`),
      name + JSON.stringify(failures, null, 1) + out + err);
  }
  assert.equal(summary(dir).files.failed, Object.keys(acts).length, out);
  assert.equal(summary(dir).files.passed, 1, out);
  assert.equal(processes(dir).length, 0);
}

// What a test leaves behind: in sessions of their own, one without any parent, two that hold the pipes.
const word = () => `outlives-${process.pid}-${Math.random().toString(36).slice(2)}`;
const leave = mark => `
  const { spawn } = require('child_process');
  const loop = 'while :; do sleep 1; done # ${mark}';
  spawn('sh', ['-c', loop], { detached: true, stdio: 'inherit' }).unref();
  spawn('sh', ['-c', 'trap "" TERM HUP INT; ' + loop], { stdio: 'inherit' }).unref();
  spawn('sh', ['-c', \`(setsid sh -c '\${loop}' </dev/null >/dev/null 2>&1 &)\`], { stdio: 'ignore' }).unref();`;

for (const framework of Object.keys(frameworks)) {
  test(`${framework}: tests that hang`, () => runActs(framework, hangs, ['--timeout', '6s', '-j2']));

  test(`${framework}: tests that end their process, or try to look like the protocol`, () =>
    runActs(framework, deaths, ['-j2']));

  test(`${framework}: a test that uses up the memory`, () =>
    runActs(framework, memory, [], { NODE_OPTIONS: '--max-old-space-size=64' }));

  test(`${framework}: a file that does not load`, () => {
    const dir = suite(framework, good, { bad: 'throw new Error("broken at load");' });
    const { code, out } = run(dir, ['--no-fail-fast']);
    assert.equal(code, 1, out);
    const failures = failuresIn(dir, 'bad');
    assert.deepEqual(failures.map(x => [x.test, x.kind]), [[null, 'load']], out);
    assert.match(failures[0].message, /broken at load/);
    assert.equal(summary(dir).files.passed, 1, out);
  });

  test(`${framework}: what tests leave behind is gone, and told, when the run ends`, () => {
    const mark = word();
    const dir = suite(framework, { ...good, leaves: leave(mark) });
    const { code, out } = run(dir, ['--no-fail-fast']);
    assert.equal(code, 0, out);
    assert.equal(processes(mark).length, 0);
    assert.match(out, new RegExp(`outlived a worker of ${framework}`));
    assert.equal(summary(dir).files.passed, 2, out);
  });

  test(`${framework}: kill -9 of the program takes everything with it`, async () => {
    const mark = word();
    const dir = suite(framework, { leaves: leave(mark) + 'await new Promise(() => setTimeout(() => {}, 1e6));' });
    const child = start(dir, []);
    assert.equal(await until(() => processes(mark).length >= 3, 30000), true);
    child.kill('SIGKILL');
    assert.equal(await until(() => processes(mark).length + processes(dir).length === 0, 2000), true);
    // and nothing that was recorded is lost
    assert.match(fs.readFileSync(path.join(dir, '.muster/latest/journal.ndjson'), 'utf8'), /"test_started"/);
  });

  test(`${framework}: a file without tests, as the framework has it`, () => {
    const dir = suite(framework, good, { bad: '"nothing here";' });
    const { code, out } = run(dir, ['--no-fail-fast']);
    assert.equal(code, framework === 'jest' ? 1 : 0, out);
    assert.equal(summary(dir).files.passed >= 1, true, out);
  });
}

test('a Node that is too old cannot start a worker: exit 7, and which one it was', () => {
  const dir = suite('mocha', good);
  const bin = path.join(dir, 'old');
  fs.mkdirSync(bin);
  fs.writeFileSync(path.join(bin, 'old.cjs'), "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '16.20.2' } });");
  fs.writeFileSync(path.join(bin, 'node'), `#!/bin/sh\nexec '${process.execPath}' -r '${bin}/old.cjs' "$@"\n`, { mode: 0o755 });
  const { code, out } = run(dir, [], { PATH: `${bin}:${process.env.PATH}` });
  assert.equal(code, 7, out);
  assert.match(out, /^error: mocha: Node 16\.20\.2 is too old: tests run in Node 18 or newer\nhelp: the first `node` in PATH/m);
});
