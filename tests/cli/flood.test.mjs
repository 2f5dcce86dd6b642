// Tests that print without end, in the real frameworks: the program stays small, the beginning and the end are
// kept with a note of what was left out, and the verdict is about the right test.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { suite } from './frameworks.mjs';
import { journal, sanitized, start, summary } from './support.mjs';

const MB = 1024 * 1024;
const tail = 'process.stdout.write("THE END\\n"); throw new Error("after the flood");';
const lines = mb => `process.stdout.write('THE START\\n'); const line = 'y'.repeat(1023) + '\\n';
  for (let i = 0; i < ${mb} * 1024; i++) process.stdout.write(line); ${tail}`;
const consoled = mb => `console.log('THE START'); const line = 'y'.repeat(65535);
  for (let i = 0; i < ${mb} * 16; i++) console.log(line); console.log('THE END'); throw new Error("after the flood");`;
// As a program does that the test has started and that shares its stdout.
const oneLine = mb => `const fs = require('fs'); process.stdout.write('THE START'); const part = 'z'.repeat(1 << 20);
  for (let i = 0; i < ${mb}; i++) fs.writeSync(1, part); ${tail}`;

// Runs it to its end; resolves to what it said and the most memory that the program itself took.
function measure(dir, args) {
  const child = start(dir, args);
  let text = '', peak = 0;
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', data => { text += data; });
  const timer = setInterval(() => {
    try {
      const match = /VmHWM:\s*(\d+)/.exec(fs.readFileSync(`/proc/${child.pid}/status`, 'utf8'));
      if (match) peak = Number(match[1]) * 1024;
    } catch { /* it has ended */ }
  }, 20);
  return new Promise(resolve => child.on('close', code => {
    clearInterval(timer);
    resolve({ code, text, peak });
  }));
}

const cases = [
  // framework, what, body, at least so many bytes are left out
  ['mocha', '100 MB of lines', lines(100), 98 * MB],
  ['mocha', 'a line of 1 GB', oneLine(1024), 1022 * MB],
  ['jest', '100 MB of lines', lines(100), 98 * MB],
  ['jest', '20 MB through its console', consoled(20), 18 * MB],
  ['playwright', '20 MB of lines', lines(20), 18 * MB],
];

for (const [framework, what, body, least] of cases) {
  test(`${framework}: ${what}`, async () => {
    const dir = suite(framework, { flood: body, good: 'console.log("a word");' });
    const { code, text, peak } = await measure(dir, ['--no-fail-fast']);
    assert.equal(code, 1, text);
    const result = summary(dir);
    assert.deepEqual(result.failures.map(f => [f.test, f.message.includes('after the flood')]), [['flood one', true]]);
    assert.equal(result.files.passed, 1);
    assert.ok(text.includes('THE END'));
    const printed = journal(dir).filter(e => e.type === 'output' && e.file?.includes('flood')).map(e => e.text).join('');
    assert.match(printed.slice(0, 4096), /THE START/);
    assert.match(printed.slice(-4096), /THE END/);
    const note = /\[muster: (\d+) bytes of output left out\]/.exec(printed);
    assert.ok(note && Number(note[1]) > least, note?.[0]);
    const junit = fs.readFileSync(path.join(dir, '.muster/latest/junit.xml'), 'utf8');
    for (const part of [/THE START/, /THE END/, /\d+ bytes of output left out/]) assert.ok(part.test(junit), String(part));
    assert.ok(fs.statSync(path.join(dir, '.muster/latest/journal.ndjson')).size < 4 * MB);
    assert.ok(peak > MB);
    if (!sanitized()) assert.ok(peak < 60 * MB, `${peak} bytes`);
  });
}

test('a hundred floods: all of them together are bounded', async () => {
  const bodies = {};
  for (let i = 0; i < 100; i++) bodies[`flood${i}`] = lines(1.2);
  const dir = suite('mocha', bodies);
  const { code, text, peak } = await measure(dir, ['--no-fail-fast', '-q']);
  assert.equal(code, 1, text.slice(-2000));
  assert.equal(summary(dir).failures.length, 100);
  assert.ok(fs.statSync(path.join(dir, '.muster/latest/journal.ndjson')).size < 80 * MB);
  if (!sanitized()) assert.ok(peak < 60 * MB, `${peak} bytes`);
  const last = journal(dir).filter(e => e.type === 'output').pop();
  assert.match(last.text, /left out[^]*THE END/);
});
