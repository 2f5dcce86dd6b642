// Signals and keys as a person at a terminal gives them, with real frameworks in the workers.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { suite } from './frameworks.mjs';
import { muster, processes, run, start, summary, until } from './support.mjs';
import { terminal } from './terminal.mjs';

const waits = 'await new Promise(() => setTimeout(() => {}, 1e6));';
const stubborn = 'process.on("SIGTERM", () => {}); process.on("SIGINT", () => {}); for (;;);';
const soon = 'await new Promise(resolve => setTimeout(resolve, 1500));';
const ctrlC = '\u0003', ctrlZ = '\u001a';

const journalOf = dir => {
  try {
    return fs.readFileSync(path.join(dir, '.muster/latest/journal.ndjson'), 'utf8');
  } catch {
    return '';
  }
};
const testStarted = dir => until(() => /"test_started"/.test(journalOf(dir)), 30000);

function sound(dir) {
  assert.equal(summary(dir).verdict, 'cancelled');
  assert.match(fs.readFileSync(path.join(dir, '.muster/latest/junit.xml'), 'utf8'), /<\/testsuites>/);
  assert.match(journalOf(dir), /"run_finished"/);
  const { code, out } = run(dir, ['runs']);
  assert.equal(code, 0);
  assert.match(out, /cancelled/);
  assert.equal(processes(dir).length, 0);
}

for (const framework of ['jest', 'mocha', 'playwright']) {
  test(`${framework}: Ctrl-C ends in order, with reports, history and the terminal as it was`, async () => {
    const dir = suite(framework, { waits });
    const term = terminal(dir, [muster]);
    assert.equal(await testStarted(dir), true, term.text);
    term.keys(ctrlC);
    assert.deepEqual(await term.end, { status: null, signal: 2, same: true });
    assert.match(term.text, /stopping: interrupted/);
    sound(dir);
  });
}

test('a second Ctrl-C does not wait for a test that ignores every signal', async () => {
  const dir = suite('mocha', { stubborn });
  const term = terminal(dir, [muster]);
  assert.equal(await testStarted(dir), true, term.text);
  term.keys(ctrlC);
  assert.equal(await term.shows(/stopping: interrupted/), true);
  term.keys(ctrlC);
  assert.deepEqual(await term.end, { status: null, signal: 2, same: true });
  sound(dir);
});

test('SIGTERM is 143; a terminal that is closed leaves nobody behind', async () => {
  const dir = suite('mocha', { stubborn });
  const child = start(dir, []);
  const ended = new Promise(resolve => child.on('exit', (code, signal) => resolve(signal)));
  assert.equal(await testStarted(dir), true);
  child.kill('SIGTERM');
  assert.equal(await ended, 'SIGTERM');
  assert.equal(summary(dir).exit_code, 143);
  sound(dir);

  const other = suite('mocha', { waits });
  const term = terminal(other, [muster]);
  assert.equal(await testStarted(other), true);
  const pid = await term.command();
  term.hangUp();
  assert.equal(await until(() => !fs.existsSync(`/proc/${pid}`), 10000), true);
  sound(other);
});

test('what is told to ignore a hang-up runs on', async () => {
  const dir = suite('mocha', { soon });
  const term = terminal(dir, ['sh', '-c', `trap "" HUP; exec "${muster}" >out 2>&1 </dev/null`]);
  assert.equal(await testStarted(dir), true);
  term.hangUp();
  assert.equal(await until(() => /"run_finished"/.test(journalOf(dir)), 10000), true);
  assert.equal(await until(() => fs.existsSync(path.join(dir, '.muster/latest/summary.json')), 10000), true);
  assert.equal(await until(() => processes(dir).length === 0, 5000), true);
  assert.equal(summary(dir).verdict, 'passed');
});

// In state T: stopped by a signal.
const stopped = pid => /\) T /.test(fs.readFileSync(`/proc/${pid}/stat`, 'utf8'));

test('Ctrl-Z suspends the tests, too; fg goes on, and the time away does not count', async () => {
  const dir = suite('mocha', { soon });
  const term = terminal(dir, ['bash', '--norc', '--noediting', '-i']);
  assert.equal(await term.shows(/[#$] $/), true);
  term.keys(`"${muster}" --timeout 4s\n`);
  assert.equal(await testStarted(dir), true, term.text);
  const [worker] = processes('mocha.cjs').filter(pid => fs.readlinkSync(`/proc/${pid}/cwd`) === dir
    && !fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('__supervise'));
  term.keys(ctrlZ);
  assert.equal(await term.shows(/Stopped/), true, term.text);
  assert.equal(await until(() => stopped(worker), 5000), true);
  await new Promise(resolve => setTimeout(resolve, 5000)); // longer than the file may take
  term.keys('fg\n');
  assert.equal(await term.shows(/Summary .* 1 passed/), true, term.text);
  term.keys('stty -a | tr ";" "\\n" | grep -ow -e "-\\?icanon" -e "-\\?echo"; echo code $?; exit\n');
  await term.end;
  assert.match(term.text, /icanon\r\necho\r\ncode 0/);
  assert.equal(summary(dir).verdict, 'passed');
});

test('the key t and SIGUSR1 say what runs', async () => {
  const dir = suite('mocha', { waits });
  const term = terminal(dir, [muster]);
  assert.equal(await testStarted(dir), true, term.text);
  term.keys('t');
  assert.equal(await term.shows(/RUNNING \[ *[\d.]+s\] mocha +test\/waits\.js › waits one/), true, term.text);
  term.text = '';
  process.kill(await term.command(), 'SIGUSR1');
  assert.equal(await term.shows(/RUNNING \[/), true, term.text);
  term.text = '';
  term.size(38, 24);
  assert.equal(await term.shows(/\[ *[\d.]+s\] waits\.js › waits/), true, term.text);
  term.keys('x');
  term.keys(ctrlC);
  assert.equal((await term.end).same, true);

  const child = start(suite('mocha', { waits }), []);
  let text = '';
  child.stdout.on('data', data => { text += data; });
  child.stderr.on('data', data => { text += data; });
  await until(() => /Using/.test(text), 30000);
  await until(() => { child.kill('SIGUSR1'); return /RUNNING \[.*waits one/.test(text); }, 10000);
  child.kill('SIGINT');
  await new Promise(resolve => child.on('close', resolve));
  assert.match(text, /RUNNING \[ *[\d.]+s\] mocha +test\/waits\.js › waits one/);
});

test('a dumb terminal, or one without a name, is not redrawn; nor is a file', async () => {
  const dir = suite('mocha', { soon });
  for (const [TERM, redrawn] of [['xterm', true], ['dumb', false], ['', false]]) {
    const term = terminal(dir, [muster], { env: { TERM } });
    await term.end;
    assert.match(term.text, /PASS \[/);
    assert.equal(term.text.includes('\u001b['), redrawn, term.text);
    assert.equal(/Running \[/.test(term.text), redrawn);
  }
  const { out } = run(dir, ['--reporter', 'tty']);
  assert.match(out, /PASS \[/);
  assert.doesNotMatch(out, /\u001b|Running \[/);
});

test('what a configuration throws does not drive the terminal of `list`', () => {
  const dir = suite('mocha', { soon });
  fs.writeFileSync(path.join(dir, '.mocharc.js'), 'throw new Error("\\u001b]0;owned\\u0007\\u001b[2J broken");');
  const { code, err } = run(dir, ['list']);
  assert.notEqual(code, 0);
  assert.match(err, /^error: mocha: .*broken/m);
  // eslint-disable-next-line no-control-regex
  assert.doesNotMatch(err, /[\x1b\x07]/);
});
