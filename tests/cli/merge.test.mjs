// Many jobs as one run: what merge proves, what it refuses, what it remembers.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { folder, here, project, run, runFake } from './support.mjs';

const modules = path.join(here, '../fixtures/mixed/node_modules');

// ---- journals made by hand: a plan of four files on two shards, [a c] and [b d] ----

const START = 1790000000000;

function planned(more = []) {
  const dir = folder({ '.git/HEAD': 'ref: refs/heads/main\n', files: 'a.js\nb.js\nc.js\nd.js\n' });
  assert.equal(run(dir, ['plan', '--files', 'files', '--shards', '2', '-o', 'plan.json', ...more]).code, 0);
  return { dir, plan: JSON.parse(fs.readFileSync(path.join(dir, 'plan.json'), 'utf8')) };
}

// One shard's folder. `results` overrides outcomes; null = the file was never run.
function bundle({ dir, plan }, name, shard, options = {}) {
  const { attempt = 1, results = {}, files, end = true, cut = 0, cancel, start = 1000, took = 10, busy = 1 } = options;
  const names = files ?? plan.shards[shard - 1].items.map(item => item.file);
  let ts = START + start;
  const lines = [{
    type: 'run_started', ts, schema: 'muster/journal/1', run_id: `run-${shard}-${attempt}-${start}`, version: '0.1.0', base: '/p',
    commit: 'c0ffee', platform: plan.platform, plan_id: options.planId ?? plan.plan_id, shard, shards: plan.shards.length,
    ci_attempt: attempt, plan_ms: START, workers: 1, history_runs: 0,
  }];
  const where = file => ({ suite: '', file });
  for (const file of names) lines.push({ type: 'file_planned', ts, ...where(file), estimate_ms: 5 });
  let code = 0;
  for (const file of names) {
    const outcome = results[file] === undefined ? 'passed' : results[file];
    if (!outcome) continue;
    lines.push({ type: 'file_started', ts, ...where(file), attempt: 1, worker: 1 });
    ts += took;
    const failure = outcome === 'failed' ? { failure: { kind: 'error', message: `${file} is wrong` } } : {};
    if (outcome === 'failed') code = 1;
    lines.push({ type: 'test_finished', ts, ...where(file), path: ['works'], occ: 1, attempt: 1, worker: 1, outcome, ms: took, ...failure });
    lines.push({ type: 'file_finished', ts, ...where(file), attempt: 1, worker: 1, outcome, ms: took * busy, count: 1 });
  }
  if (cancel) lines.push({ type: 'run_cancelled', ts, cancel, text: cancel });
  if (end) lines.push({ type: 'run_finished', ts, exit_code: code, ms: ts - START - start, token: `${shard}`.repeat(32) });
  const text = lines.map(line => JSON.stringify(line) + '\n').join('');
  fs.mkdirSync(path.join(dir, name), { recursive: true });
  fs.writeFileSync(path.join(dir, name, 'journal.ndjson'), text.slice(0, text.length - cut));
}

function merge({ dir }, args, more = ['--no-history', '--no-gates']) {
  const done = run(dir, ['merge', ...args, '--plan', 'plan.json', '--json', ...more]);
  return { ...done, summary: done.out ? JSON.parse(done.out) : null };
}

const shards = summary => summary.shards.map(shard => `${shard.index} ${shard.status}`);
const notices = summary => JSON.stringify(summary.notices);

test('all shards are there: passed, in whatever order they are given', () => {
  const p = planned();
  bundle(p, 'in/1', 1);
  bundle(p, 'in/2', 2);
  const one = merge(p, ['in/1', 'in/2']);
  assert.equal(one.code, 0, one.err);
  assert.deepEqual(shards(one.summary), ['1 passed', '2 passed']);
  assert.equal(one.summary.tests.passed, 4);
  assert.equal(one.summary.plan_id, p.plan.plan_id);
  assert.equal(merge(p, ['in/2', 'in/1']).out, one.out);
  assert.equal(merge(p, ['in']).out, one.out);
});

test('merging again changes neither the outputs nor the history', () => {
  const p = planned();
  bundle(p, 'in/1', 1, { results: { 'a.js': 'failed' } });
  bundle(p, 'in/2', 2);
  const args = ['merge', 'in', '--plan', 'plan.json', '--out', 'out', '--reporter', 'junit=junit.xml', '--reporter', 'json=sum.json'];
  const read = () => ['out/journal.ndjson', 'junit.xml', 'sum.json'].map(name => fs.readFileSync(path.join(p.dir, name), 'utf8'));
  assert.equal(run(p.dir, args).code, 1);
  const first = read(), runs = run(p.dir, ['runs', '--json']).out;
  assert.equal(run(p.dir, args).code, 1);
  assert.deepEqual(read(), first);
  assert.equal(run(p.dir, ['runs', '--json']).out, runs);
  assert.match(first[1], /a\.js is wrong/);
});

test('the same bundle by two paths counts once', () => {
  const p = planned();
  bundle(p, 'in/1', 1);
  bundle(p, 'in/2', 2);
  fs.cpSync(path.join(p.dir, 'in/1'), path.join(p.dir, 'copy/1'), { recursive: true });
  const done = merge(p, ['in', 'copy']);
  assert.equal(done.code, 0);
  assert.equal(done.summary.tests.total, 4);
});

const broken = {
  'a shard is missing': { make: p => bundle(p, 'in/1', 1), shards: ['1 passed', '2 missing'], says: /no result for 2 files: b\.js, d\.js/ },
  'two runs of one attempt': {
    make: p => { bundle(p, 'in/1', 1); bundle(p, 'in/x', 1, { start: 2000 }); bundle(p, 'in/2', 2); },
    shards: ['1 doubled', '2 passed'], says: /two different runs of the same attempt/,
  },
  'a copy of a bundle that says something else': {
    make: p => {
      bundle(p, 'in/1', 1); bundle(p, 'in/x', 1, { results: { 'a.js': 'failed' } }); bundle(p, 'in/2', 2);
    },
    shards: ['1 doubled', '2 passed'], says: /two different runs of the same attempt/,
  },
  'a copy of a bundle that is cut off': {
    make: p => { bundle(p, 'in/1', 1); bundle(p, 'in/x', 1, { cut: 5 }); bundle(p, 'in/2', 2); },
    shards: ['1 doubled', '2 passed'], says: /two different runs of the same attempt/,
  },
  'the journal is cut in the middle of a line': {
    make: p => { bundle(p, 'in/1', 1, { cut: 5 }); bundle(p, 'in/2', 2); },
    shards: ['1 truncated', '2 passed'], says: /cut off/,
  },
  'the job was killed': {
    make: p => { bundle(p, 'in/1', 1, { end: false, results: { 'c.js': null } }); bundle(p, 'in/2', 2); },
    shards: ['1 unfinished', '2 passed'], says: /killed.*no result for c\.js/,
  },
  'a journal without even a header': {
    make: p => { bundle(p, 'in/1', 1, { cut: 100000 }); bundle(p, 'in/2', 2); },
    shards: ['1 missing', '2 passed'], says: /has no header/,
  },
  'a file has no result and nothing explains it': {
    make: p => { bundle(p, 'in/1', 1, { results: { 'c.js': null } }); bundle(p, 'in/2', 2); },
    shards: ['1 incomplete', '2 passed'], says: /no result for c\.js/,
  },
  'a bundle of another plan beside them': {
    make: p => { bundle(p, 'in/1', 1); bundle(p, 'in/2', 2); bundle(p, 'in/x', 2, { planId: 'f'.repeat(32), start: 5000 }); },
    shards: ['1 passed', '2 passed'], says: /made for another plan/,
  },
  'shards that planned differently': {
    make: p => { bundle(p, 'in/1', 1); bundle(p, 'in/2', 2, { planId: 'f'.repeat(32) }); },
    shards: ['1 passed', '2 missing'], says: /must have the same files and history/,
  },
  'a result for a file of another shard': {
    make: p => { bundle(p, 'in/1', 1, { files: ['a.js', 'c.js', 'd.js'] }); bundle(p, 'in/2', 2); },
    shards: ['1 passed', '2 passed'], says: /d\.js, which is planned for shard 2/,
  },
  'a result for a file that nobody planned': {
    make: p => { bundle(p, 'in/1', 1, { files: ['a.js', 'c.js', 'z.js'] }); bundle(p, 'in/2', 2); },
    shards: ['1 passed', '2 passed'], says: /z\.js, which is not in the plan/,
  },
};

for (const [name, { make, shards: expected, says }] of Object.entries(broken)) {
  test(`incomplete: ${name}`, () => {
    const p = planned();
    make(p);
    const done = merge(p, ['in']);
    assert.equal(done.code, 5, done.err);
    assert.equal(done.summary.verdict, 'incomplete');
    assert.equal(done.summary.exit_reason, 'incomplete');
    assert.deepEqual(shards(done.summary), expected);
    assert.match(notices(done.summary), says);
  });
}

test('a failure outranks incompleteness, and both are told', () => {
  const p = planned();
  bundle(p, 'in/1', 1, { results: { 'a.js': 'failed' } });
  const done = merge(p, ['in']);
  assert.equal(done.code, 1);
  assert.deepEqual(shards(done.summary), ['1 failed', '2 missing']);
});

test('of jobs that were run again the newest attempt counts; the failure before it is a flaky test', () => {
  const p = planned();
  bundle(p, 'in/1', 1, { results: { 'a.js': 'failed' } });
  bundle(p, 'in/1b', 1, { attempt: 2, start: 90000 });
  bundle(p, 'in/2', 2);
  const done = merge(p, ['in']);
  assert.equal(done.code, 0, done.err);
  assert.deepEqual([done.summary.tests.flaky, done.summary.tests.total], [1, 4]);
  bundle(p, 'again/1c', 1, { attempt: 3, start: 190000, results: { 'a.js': 'failed' } });
  const worse = merge(p, ['in', 'again']);
  assert.equal(worse.code, 1);
  assert.equal(worse.summary.failures.length, 1);
  assert.equal(worse.summary.tests.flaky, 0);
});

test('jobs that did not run again are in the history once, and the failure before is kept', () => {
  const p = planned();
  const again = () => run(p.dir, ['merge', 'in', '--plan', 'plan.json', '--no-gates']).code;
  const ask = sql => JSON.parse(run(p.dir, ['query', sql, '--json']).out).rows;
  bundle(p, 'in/1', 1, { results: { 'a.js': 'failed' } });
  bundle(p, 'in/2', 2);
  assert.equal(again(), 1);
  bundle(p, 'in/1b', 1, { attempt: 2, start: 90000 });
  assert.equal(again(), 0);
  assert.equal(again(), 0, 'and once more, which changes nothing');
  // The list of runs shows both verdicts about the whole.
  const runs = JSON.parse(run(p.dir, ['runs', '--json']).out).runs;
  assert.deepEqual(runs.map(r => [r.verdict, r.tests?.total ?? r.tests]).sort(), [['failed', 4], ['passed', 4]]);
  // Shard 1 has run twice, shard 2 once.
  const names = p.plan.shards.map(s => s.items.map(i => i.file));
  const counted = Object.fromEntries(ask('SELECT file, runs, failures FROM v_tests').map(r => Object.values(r)).map(([f, n, x]) => [f, [n, x]]));
  for (const file of names[0]) assert.deepEqual(counted[file], [2, file === 'a.js' ? 1 : 0], file);
  for (const file of names[1]) assert.deepEqual(counted[file], [1, 0], file);
  const flaky = JSON.parse(run(p.dir, ['flaky', '--json']).out).tests;
  assert.deepEqual(flaky.map(t => [t.file, t.class]), [['a.js', 'flaky_same_commit']]);
});

test('without numbers of attempts: what began after the other had ended is the newer one', () => {
  const p = planned();
  bundle(p, 'in/1', 1, { attempt: 0, results: { 'a.js': 'failed' } });
  bundle(p, 'in/1b', 1, { attempt: 0, start: 90000 });
  bundle(p, 'in/2', 2, { attempt: 0 });
  const done = merge(p, ['in']);
  assert.deepEqual([done.code, done.summary.tests.flaky], [0, 1], done.err);
  assert.match(notices(done.summary), /an earlier run of shard 1 was repeated/);
  // at the same time: nobody knows which one counts
  bundle(p, 'in/1c', 1, { attempt: 0, start: 90005 });
  assert.deepEqual(shards(merge(p, ['in']).summary), ['1 doubled', '2 passed']);
});

test('cancelled shards are told apart, and the first failure by time comes first', () => {
  const p = planned();
  bundle(p, 'in/1', 1, { results: { 'a.js': 'failed', 'c.js': null }, cancel: 'terminated', start: 8000 });
  bundle(p, 'in/2', 2, { results: { 'b.js': 'failed' }, start: 2000 });
  const done = merge(p, ['in']);
  assert.equal(done.code, 1);
  assert.deepEqual(shards(done.summary), ['1 cancelled', '2 failed']);
  assert.deepEqual(done.summary.failures.map(f => f.file), ['b.js', 'a.js']);
  assert.deepEqual([done.summary.files.not_run, done.summary.verdict], [1, 'failed']);
});

test('what a merge made is no run', () => {
  const p = planned();
  bundle(p, 'in/1', 1);
  bundle(p, 'in/2', 2);
  assert.equal(run(p.dir, ['merge', 'in', '--plan', 'plan.json', '--no-gates', '--out', 'in/merged']).code, 0);
  const again = merge(p, ['in']); // left out beside the runs
  assert.equal(again.code, 0);
  assert.equal(again.summary.tests.total, 4);
  const alone = run(p.dir, ['merge', 'in/merged']);
  assert.equal(alone.code, 2);
  assert.match(alone.err, /result of a merge/);
});

test('nothing to merge, and a plan that was changed', () => {
  const p = planned();
  bundle(p, 'in/1', 1);
  assert.equal(run(p.dir, ['merge']).code, 2);
  assert.equal(run(p.dir, ['merge', 'nowhere']).code, 2);
  fs.mkdirSync(path.join(p.dir, 'empty'));
  assert.match(run(p.dir, ['merge', 'empty']).err, /no run is in/);
  assert.match(run(p.dir, ['merge', 'in']).err, /none of them brings/);
  const text = fs.readFileSync(path.join(p.dir, 'plan.json'), 'utf8');
  fs.writeFileSync(path.join(p.dir, 'less.json'), text.replace(/,?\{"suite":"","file":"d.js"[^}]*\}/, ''));
  assert.match(run(p.dir, ['merge', 'in', '--plan', 'less.json']).err, /changed after it was made/);
});

test('what people see: short where it is explained, a list where it is not', () => {
  const files = Array.from({ length: 60 }, (_, i) => `${String.fromCharCode(97 + i % 26)}${i}.js`);
  const dir = folder({ '.git/HEAD': 'ref: refs/heads/main\n', files: files.join('\n') });
  assert.equal(run(dir, ['plan', '--files', 'files', '--shards', '2', '-o', 'plan.json']).code, 0);
  const p = { dir, plan: JSON.parse(fs.readFileSync(path.join(dir, 'plan.json'), 'utf8')) };
  const none = Object.fromEntries(p.plan.shards[0].items.slice(5).map(i => [i.file, null]));
  bundle(p, 'in/1', 1, { results: none, cancel: 'fail_fast' });
  const done = run(dir, ['merge', 'in', '--plan', 'plan.json', '--no-history', '--no-gates']);
  assert.equal(done.code, 5);
  const text = done.out + done.err;
  assert.match(text, /^Shard +1\/2 +passed +\S+s +5 files.*\n {10}stopped: fail_fast; no result for 25 files: \w+\.js, \w+\.js, \w+\.js and 22 more$/m);
  assert.match(text, /^Shard +2\/2 +missing +- +0 files$/m);
  assert.match(text, /^incomplete: \d+ of 60 planned files have no result$/m);
  assert.match(text, /^warning: shard 2 of 2 is missing: no results of it were given; no result for 30 files: (\w+\.js, ){19}\w+\.js and 10 more$/m);
});

test('the step summary of 20,000 failures keeps below 1 MiB, and says what matters most', () => {
  const p = planned();
  for (const shard of [1, 2]) {
    bundle(p, `in/${shard}`, shard);
    const file = path.join(p.dir, `in/${shard}/journal.ndjson`), lines = fs.readFileSync(file, 'utf8').split('\n');
    const at = lines.findIndex(l => l.includes('"test_finished"')), one = JSON.parse(lines[at]);
    const more = Array.from({ length: 10000 }, (_, i) => JSON.stringify({
      ...one, path: ['é|<b>'.repeat(40), `t${i}`], outcome: 'failed', failure: { kind: 'error', message: '\u{1f4a5}`*_|'.repeat(100) },
    }));
    lines.splice(at, 0, ...more);
    fs.writeFileSync(file, lines.join('\n').replace('"exit_code":0', '"exit_code":1').replace(/("file_finished".*?"outcome":)"passed"/, '$1"failed"'));
  }
  const page = path.join(p.dir, 'summary.md');
  const done = run(p.dir, ['merge', 'in', '--plan', 'plan.json', '--no-history', '--reporter', 'github', '-q'], { CI: 'true', GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: page });
  assert.equal(done.code, 1, done.err);
  const bytes = fs.readFileSync(page);
  assert.ok(bytes.length < 1024 * 1024, String(bytes.length));
  const text = new TextDecoder('utf8', { fatal: true }).decode(bytes);
  assert.match(text, /^## Tests: failed\n[^]*\n### Failures\n[^]*… and \d+ more\.\n[^]*\n### Shards\n[^]*\n### Gates\n/);
  assert.equal(done.out.match(/^::error /gm).length, 10, 'and as many annotations as are shown');
});

test('no test at all: an error, unless --no-tests allows it; then plan, run and merge agree', () => {
  const dir = folder({ '.git/HEAD': 'ref: refs/heads/main\n', 'package.json': '{"scripts":{"test":"mocha"}}', 'test/README': '' });
  fs.symlinkSync(modules, path.join(dir, 'node_modules'));
  assert.equal(run(dir, ['plan', '-o', 'plan.json']).code, 4);
  assert.equal(fs.existsSync(path.join(dir, 'plan.json')), false);
  const made = run(dir, ['plan', '--no-tests=pass', '--github', '-o', 'plan.json'], { GITHUB_OUTPUT: path.join(dir, 'out') });
  assert.equal(made.code, 0, made.err);
  assert.match(made.out, /no test file, nothing to run on 1 shard/);
  assert.match(fs.readFileSync(path.join(dir, 'out'), 'utf8'), /^matrix=\{"include":\[\{"shard":1,"of":1\}\]\}\ncount=1$/m, 'a matrix must not be empty');
  assert.match(run(dir, ['plan', '--no-tests=warn', '-o', 'plan.json']).err, /^warning: there is no test file to plan$/m);
  assert.equal(run(dir, ['run', '--plan', 'plan.json', '--shard', '1/1', '--out', 'b/1']).code, 0);
  assert.equal(run(dir, ['merge', 'b']).code, 4);
  assert.equal(run(dir, ['merge', 'b', '--no-tests=pass']).code, 0);
  fs.rmSync(path.join(dir, 'b/1'), { recursive: true });
  fs.mkdirSync(path.join(dir, 'b'), { recursive: true });
  const lost = run(dir, ['merge', 'b', '--plan', 'plan.json', '--no-tests=pass']);
  assert.equal(lost.code, 5, 'a job that is missing is missing all the same');
  assert.match(lost.err + lost.out, /shard 1 of 1 is missing/);
});

test('the gate on duration names the shard that ended last and what would help', () => {
  const p = planned();
  bundle(p, 'in/1', 1, { took: 20000 });
  bundle(p, 'in/2', 2, { took: 2000 });
  const done = merge(p, ['in'], ['--no-history', '--budget', '30s']);
  const gate = done.summary.gates.find(g => g.name === 'duration');
  assert.equal(gate.status, 'passed', 'the gate has its own limit');
  fs.writeFileSync(path.join(p.dir, 'muster.yaml'), 'gates:\n  duration: 30s\n');
  const slow = merge(p, ['in'], ['--no-history']);
  assert.equal(slow.code, 6);
  const text = slow.summary.gates.find(g => g.name === 'duration').text;
  assert.match(text, /shard 1 ended last, waited 0 ms, started in 0 ms, ran tests for 40\.0 s/);
  assert.match(text, /3 shards instead of 2 would take about 20\.0 s/);
  // a single file that is most of it is named, with its own time; one of another job is not
  const text2 = dir => merge(p, [dir], ['--no-history']).summary.gates.find(g => g.name === 'duration').text;
  bundle(p, 'one/1', 1, { took: 5000 });
  bundle(p, 'one/2', 2, { took: 31000, results: { 'd.js': null }, cancel: 'fail_fast' });
  assert.match(text2('one'), /shard 2 ended last, .* ran tests for 31\.0 s \(longest: b\.js, 31\.0 s\)\. .*The floor is 31\.0 s for b\.js alone/);
  bundle(p, 'two/1', 1, { took: 25000, results: { 'c.js': null }, cancel: 'fail_fast' });
  bundle(p, 'two/2', 2, { took: 12000, start: 10000 });
  assert.match(text2('two'), /shard 2 ended last, .* \(longest: b\.js, 12\.0 s\)(?!.*The floor)/);
});

test('plan learns how much a job does at a time, and needs fewer of them', () => {
  const p = planned();
  const what = () => JSON.parse(run(p.dir, ['plan', '--files', 'files', '--what-if', '--json', '--target', '2m']).out);
  for (let i = 0; i < 3; i++) {
    if (i) assert.equal(what().pace, 1, 'two runs teach nothing yet');
    // two files a job, 60 s each, done by two workers at a time: 60 s
    for (const shard of [1, 2]) bundle(p, `in${i}/${shard}`, shard, { start: 1000 + i * 1e6, took: 30000, busy: 2 });
    assert.equal(run(p.dir, ['merge', `in${i}`, '--plan', 'plan.json', '--no-gates']).code, 0);
  }
  const now = what();
  assert.equal(now.pace, 0.5);
  const wall = k => now.shards.find(s => s.shards === k);
  assert.deepEqual([wall(1).makespan_ms, wall(2).makespan_ms, wall(4).makespan_ms], [240000, 120000, 60000]);
  // 1 job: half of the sum; 4 jobs: a single file is not faster by that
  const tests = k => Math.round((wall(k).wall_ms - wall(4).wall_ms) / 1250);
  assert.equal(tests(2), 0);
  assert.equal(tests(1), 60);
  const text = run(p.dir, ['plan', '--files', 'files', '--target', '4m']).out;
  assert.match(text, /^A job does its share in 50 % of the time of its files, with the workers it has\.$/m);
});

// ---- real runs ----

function mocha() {
  const files = { 'package.json': JSON.stringify({ name: 'm', scripts: { test: 'mocha' } }) };
  for (let i = 1; i <= 4; i++) files[`test/f${i}.js`] = `describe('f${i}', () => { it('a', done => setTimeout(done, ${i * 20})); it('b', () => {}); });`;
  const tests = Array.from({ length: 8 }, (_, i) => `it('${i === 5 ? 't4' : `t${i}`}', done => setTimeout(done, 150));`).join('\n');
  files['test/long.js'] = `describe('long', () => { before(done => setTimeout(done, 20)); ${tests} });`;
  const dir = folder(files);
  fs.symlinkSync(modules, path.join(dir, 'node_modules'));
  return dir;
}

test('a plan of some files says so, and what numbers of all files it would be judged by is not judged', () => {
  const dir = project(['pass1', 'pass2'], { 'muster.yaml': 'gates: {failure_rate: 1%}\n' });
  assert.equal(runFake(dir, ['plan', 'test/pass1.js', '--shards', '1', '-o', 'plan.json']).code, 0);
  const plan = JSON.parse(fs.readFileSync(path.join(dir, 'plan.json')));
  assert.equal(plan.partial, 'only the named paths ran');
  assert.equal(runFake(dir, ['run', '--plan', 'plan.json', '--shard', '1/1', '--out', 'b/1']).code, 0);
  const merged = JSON.parse(run(dir, ['merge', 'b', '--plan', 'plan.json', '--json']).out);
  const gate = merged.gates.find(g => g.name === 'failure_rate');
  assert.deepEqual([merged.verdict, gate.status], ['passed', 'not_evaluated']);
  assert.match(gate.text, /only the named paths ran/);
});

test('a plan, its shards and their merge: every test exactly once, the long file in parts', () => {
  const dir = mocha();
  assert.equal(run(dir, ['-j1']).code, 0);
  assert.equal(run(dir, ['plan', '--shards', '3', '-o', 'plan.json']).code, 0);
  const plan = JSON.parse(fs.readFileSync(path.join(dir, 'plan.json'), 'utf8'));
  assert.ok(plan.shards.flatMap(s => s.items).some(item => item.parts > 1), 'long.js is split');
  for (let i = 1; i <= 3; i++) {
    const done = run(dir, ['run', '-j1', '--plan', 'plan.json', '--shard', `${i}/3`, '--out', `out/${i}`]);
    assert.equal(done.code, 0, done.out + done.err);
  }
  const done = run(dir, ['merge', 'out', '--json']);
  assert.equal(done.code, 0, done.err);
  const summary = JSON.parse(done.out);
  assert.deepEqual([summary.files.planned, summary.files.passed, summary.tests.passed], [5, 5, 16]);
  assert.equal(summary.slowest.filter(f => f.file === 'test/long.js').length, 1);
  const runs = JSON.parse(run(dir, ['runs', '--json']).out);
  assert.equal((runs.runs ?? runs).length, 2, 'the first run, and one for all shards');
  assert.match(run(dir, ['plan', '--target', '1m']).out, /start-up \+/, 'start-up of shards is known now');
});

test('shards without a plan file make the same plan', () => {
  const dir = mocha();
  assert.equal(run(dir, ['-j1']).code, 0);
  for (let i = 1; i <= 2; i++) assert.equal(run(dir, ['run', '-j1', '--shard', `${i}/2`, '--out', `out/${i}`]).code, 0);
  const done = run(dir, ['merge', 'out', '--json']);
  assert.equal(done.code, 0, done.err);
  assert.equal(JSON.parse(done.out).tests.passed, 16);
});

test('who this job is: from the CI system, and flags win', () => {
  const dir = mocha();
  assert.equal(run(dir, ['plan', '--shards', '2', '-o', 'plan.json']).code, 0);
  const header = out => JSON.parse(fs.readFileSync(path.join(dir, out, 'journal.ndjson'), 'utf8').split('\n')[0]);
  const env = {
    GITLAB_CI: 'true', CI_NODE_INDEX: '2', CI_NODE_TOTAL: '2', CI_COMMIT_SHA: 'abc', CI_COMMIT_REF_NAME: 'topic',
    CI_JOB_URL: 'https://ci/1',
  };
  assert.equal(run(dir, ['run', '-j1', '--plan', 'plan.json', '--out', 'a'], env).code, 0);
  const said = ({ shard, shards, commit, branch, run_url: url, ci_attempt: attempt }) => [shard, shards, commit, branch, url, attempt];
  assert.deepEqual(said(header('a')), [2, 2, 'abc', 'topic', 'https://ci/1', undefined]);
  const flags = ['--shard', '1/2', '--attempt', '3', '--commit', 'def', '--branch', 'main', '--run-url', 'https://ci/2'];
  assert.equal(run(dir, ['run', '-j1', '--plan', 'plan.json', '--out', 'b', ...flags], env).code, 0);
  assert.deepEqual(said(header('b')), [1, 2, 'def', 'main', 'https://ci/2', 3]);
  const lost = run(dir, ['run', '--plan', 'plan.json', '--shard', 'auto']);
  assert.equal(lost.code, 2);
  assert.match(lost.err, /needs to know which shard this is/);
  assert.equal(run(dir, ['run', '--plan', 'plan.json', '--shard', '3/2']).code, 2);
  assert.match(run(dir, ['run', '--plan', 'plan.json', '--shard', '1/3']).err, /plan for 2 shards/);
  assert.equal(run(dir, ['run', '--attempt', '0']).code, 2);
});
