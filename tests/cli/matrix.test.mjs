// Many machines, played: the reusable workflow and the composite action as they are, on the fixture
// with three real frameworks. Every job is separate processes in folders and an environment of its own.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { World, play, root } from '../support/github.mjs';
import { muster, run as runMuster, until } from './support.mjs';

const workflow = path.join(root, '.github/workflows/muster.yml');
const fixture = path.join(root, 'tests/fixtures/mixed');
const SHARDS = 3;
const slow = `it('takes its time', done => {
  if (!process.env.SLOW) return done();
  require('fs').writeFileSync(process.env.SLOW, '');
  setTimeout(done, 60000);
}).timeout(0);`;

const leftovers = [];
process.on('exit', () => leftovers.forEach(f => fs.rmSync(f, { recursive: true, force: true })));

// A repository with its store. `fail`: shard -> FIXTURE_FAIL; `slow`: the job that hangs in a test.
function world(options = {}) {
  const dir = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'muster-matrix-')));
  leftovers.push(dir);
  fs.mkdirSync(path.join(dir, 'bin'));
  fs.symlinkSync(muster, path.join(dir, 'bin/muster'));
  const w = new World(dir, {
    checkout(workspace) {
      fs.cpSync(fixture, workspace, {
        recursive: true, filter: f => !f.startsWith(path.join(fixture, 'node_modules')) && !f.includes('.muster'),
      });
      fs.symlinkSync(path.join(fixture, 'node_modules'), path.join(workspace, 'node_modules'));
      fs.writeFileSync(path.join(workspace, 'api/slow.spec.js'), slow);
    },
    env: name => ({
      PATH: `${dir}/bin:${process.env.PATH}`, FIXTURE_ID: path.basename(dir),
      ...(w.fail?.test(name) ? { FIXTURE_FAIL: 'jest mocha playwright' } : {}),
      ...(w.slow ? { SLOW: path.join(dir, 'slow-is-running') } : {}),
    }),
  });
  leftovers.push(path.join(os.tmpdir(), 'muster-fixture-' + path.basename(dir)));
  w.running = () => until(() => fs.existsSync(path.join(dir, 'slow-is-running')), 60000);
  return Object.assign(w, options);
}

const inputs = more => ({ install: 'true', shards: String(SHARDS), ...more });
const go = (w, more) => play(w, workflow, { inputs: inputs(), ...more });
const ends = result => [...result.jobs.plan, ...result.jobs.run ?? [], ...result.jobs.merge].map(j => j.result);
const merge = result => result.jobs.merge[0];
const summaryOf = job => JSON.parse(fs.readFileSync(path.join(job.temp, 'muster-muster/merge/summary.json'), 'utf8'));
const page = job => fs.readFileSync(job.summary, 'utf8');
const bundles = w => [...w.artifacts.keys()].filter(n => n.includes('-run-'));
const status = s => s.shards.map(x => x.status);

// The plan, and which shard has a file.
function planned(w) {
  const [name] = [...w.artifacts.keys()].filter(n => n.includes('-plan-')).slice(-1);
  const plan = JSON.parse(fs.readFileSync(path.join(w.artifacts.get(name), 'plan.json'), 'utf8'));
  return { plan, shardOf: file => plan.shards.find(s => s.items.some(i => i.file === file)).index };
}

test('all is well: one verdict, one summary, the history written by merge alone and used by the next plan', async () => {
  const w = world();
  const result = await go(w);
  assert.deepEqual(ends(result), Array(SHARDS + 2).fill('success'), result.all.map(j => j.output).join('\n'));
  const s = summaryOf(merge(result));
  assert.deepEqual([s.verdict, s.exit_code, s.files.planned, s.files.passed, s.tests.flaky], ['passed', 0, 10, 10, 3]);
  assert.deepEqual(status(s), ['passed', 'passed', 'passed']);
  assert.equal(`${s.plan_id}-1`, result.jobs.plan[0].outputs['plan-id']);
  assert.equal(s.commit, 'c0ffee');
  // One job speaks; a share of the work has no page and no annotations.
  assert.match(page(merge(result)), /^## Tests: passed\n[^]*### Shards/);
  assert.deepEqual(result.jobs.run.map(page), Array(SHARDS).fill(''));
  // Names: plan and its attempt, shard and its attempt.
  const id = `${s.plan_id}-1`;
  assert.deepEqual([...w.artifacts.keys()].sort(), [
    `muster-plan-${id}`, 'muster-result-1', ...[1, 2, 3].map(i => `muster-run-${id}-${i}-of-3-1`),
  ].sort());
  // Whoever read the history has not written it.
  assert.deepEqual(w.caches.map(c => [c.by, c.key]), [['merge', 'muster-history-2-ubuntu24-X64-1-1']]);
  for (const job of result.jobs.run) assert.equal(fs.existsSync(path.join(job.workspace, '.muster/history.db')), false);
  // What travels is an export, whole in one file, and not the database.
  assert.deepEqual(fs.readdirSync(w.caches[0].folder), ['saved']);
  assert.equal(fs.readFileSync(path.join(w.caches[0].folder, 'saved')).readUInt32LE(0), 0xfd2fb528);
  // A cache that cannot be read costs balance, not the run.
  const kept = w.caches[0].folder;
  w.caches[0].folder = w.folder('broken');
  fs.writeFileSync(path.join(w.caches[0].folder, 'saved'), 'not what it was');
  const blind = await play(w, workflow, { inputs: inputs({ history: 'read' }), run: 7 });
  assert.deepEqual(ends(blind), Array(SHARDS + 2).fill('success'));
  assert.match(blind.jobs.plan[0].output, /^::warning title=muster::the history of earlier runs cannot be read/m);
  w.caches[0].folder = kept;
  // The next push knows every file, on another machine.
  assert.equal(planned(w).plan.predicted.unknown_files, 10);
  const next = await play(w, workflow, { inputs: inputs(), run: 2, sha: 'decade' });
  assert.deepEqual(ends(next), Array(SHARDS + 2).fill('success'));
  assert.equal(planned(w).plan.predicted.unknown_files, 0);
  assert.equal(w.caches.at(-1).key, 'muster-history-2-ubuntu24-X64-2-1');
  const runs = JSON.parse(runMuster(merge(next).workspace, ['runs', '--json']).out).runs;
  assert.equal(runs.length, 2);
});

test('a failure: red in its job, red in the merge, annotated once; then only what failed is run again', async () => {
  const w = world({ fail: /^run/ });
  const first = await go(w, { inputs: inputs({ 'run-args': '--no-fail-fast\n' }) });
  const s = summaryOf(merge(first));
  assert.deepEqual([s.verdict, s.exit_code, s.failures.length], ['failed', 1, 3]);
  assert.equal(merge(first).exits.merge, 1);
  assert.equal(merge(first).result, 'failure');
  assert.equal(merge(first).output.match(/^::error file=/gm).length, 3);
  for (const job of first.jobs.run) assert.doesNotMatch(job.output, /^::error/m);
  assert.match(page(merge(first)), /### Failures/);
  assert.equal(w.caches.length, 1, 'the history is written after failures, too');

  // "Re-run failed jobs", and now they pass.
  const failed = first.jobs.run.filter(j => j.result === 'failure');
  assert.ok(failed.length >= 1 && failed.length < SHARDS + 1);
  w.fail = undefined;
  const again = await go(w, { attempt: 2, before: first, only: j => j.result === 'failure' });
  assert.deepEqual(ends(again), Array(SHARDS + 2).fill('success'), merge(again).output);
  assert.equal(bundles(w).filter(n => n.endsWith('-2')).length, failed.length);
  const now = summaryOf(merge(again));
  assert.deepEqual([now.verdict, now.exit_code, now.failures.length], ['passed', 0, 0]);
  // Of the three that failed one is still a test (the others are skipped, or not there): it is flaky now.
  assert.equal(now.tests.flaky, 3 + 1);
  assert.match(merge(again).output, /attempt 1 of shard \d/);
  assert.deepEqual(w.caches.map(c => c.key.slice(-3)), ['1-1', '1-2']);
  // Jobs that did not run again are in the history once.
  const ask = sql => JSON.parse(runMuster(merge(again).workspace, ['query', sql, '--json']).out).rows;
  const { shardOf } = planned(w);
  const twice = new Set(failed.map(j => Number(/ (\d)\//.exec(j.name)[1])));
  const counted = ask('SELECT file, max(runs) AS runs FROM v_tests WHERE runs GROUP BY file');
  for (const { file, runs } of counted) assert.equal(runs, twice.has(shardOf(file)) ? 2 : 1, file);
  assert.ok(counted.some(f => f.runs === 1) || twice.size === SHARDS);
  assert.deepEqual(ask('SELECT verdict FROM v_runs ORDER BY id').map(r => r.verdict), ['failed', 'passed']);
});

test('a cancelled job: SIGINT, then SIGTERM; what it did is kept, and the merge says so', async () => {
  const w = world({ slow: true });
  w.onStep = async (job, step, child, ended) => {
    if (step.id !== 'run') return;
    // the one with the test that hangs never ends by itself
    const over = await Promise.race([ended.then(() => true), w.running().then(() => false)]);
    if (!over) await job.cancel(child, ended, 5000);
  };
  const result = await go(w);
  const { shardOf } = planned(w);
  const index = shardOf('api/slow.spec.js');
  const cancelled = result.jobs.run[index - 1];
  assert.equal(cancelled.exits.run, 'SIGINT'); // muster had the signal, not a shell around it
  assert.equal(cancelled.result, 'cancelled');
  assert.equal(bundles(w).length, SHARDS, 'its bundle is there');
  const s = summaryOf(merge(result));
  assert.equal(s.shards[index - 1].status, 'cancelled');
  assert.deepEqual([s.verdict, merge(result).exits.merge], ['incomplete', 5]);
  assert.match(page(merge(result)), /cancelled/);
  assert.match(merge(result).output, /api\/slow\.spec\.js/);
  assert.equal(w.caches.length, 1);
});

test('a killed job: its journal ends in the middle of a line', async () => {
  const w = world({ slow: true });
  w.onStep = async (job, step, child, ended) => {
    if (step.id !== 'run') return;
    if (await Promise.race([ended.then(() => true), w.running().then(() => false)])) return;
    process.kill(-child.pid, 'SIGKILL');
    await ended;
    // the machine went down while it wrote
    const journal = path.join(job.temp, 'muster-muster/run/journal.ndjson');
    fs.truncateSync(journal, fs.statSync(journal).size - 7);
  };
  const result = await go(w);
  const index = planned(w).shardOf('api/slow.spec.js');
  assert.equal(result.jobs.run[index - 1].exits.run, 'SIGKILL');
  const s = summaryOf(merge(result));
  assert.ok(['truncated', 'unfinished'].includes(s.shards[index - 1].status), s.shards[index - 1].status);
  assert.deepEqual([s.verdict, s.exit_code, merge(result).exits.merge], ['incomplete', 5, 5]);
  assert.match(merge(result).output, /api\/slow\.spec\.js/);
  assert.ok(s.tests.passed > 0, 'the others count');
});

test('an artifact that is missing, one that is there twice, one of another plan', async () => {
  const w = world();
  await go(w);
  const foreign = w.artifacts.get(bundles(w)[0]); // made when nothing was known
  const played = await go(w, { run: 2 });
  assert.equal(merge(played).result, 'success', merge(played).output);
  const again = async () => {
    const result = await go(w, { run: 2, attempt: 2, before: played, only: j => j.id === 'merge' });
    w.artifacts.delete('muster-result-2');
    return [merge(result), summaryOf(merge(result))];
  };
  const plan = played.jobs.plan[0].outputs['plan-id'];
  const name = i => `muster-run-${plan}-${i}-of-3-1`;

  const kept = w.artifacts.get(name(2));
  w.artifacts.delete(name(2));
  let [job, s] = await again();
  assert.deepEqual([job.exits.merge, s.verdict, status(s)], [5, 'incomplete', ['passed', 'missing', 'passed']]);
  assert.match(job.output, /shard 2 of 3 is missing/);

  // The same run by another name is the same run; another run of the same attempt is nobody knows what.
  w.artifacts.set(name(2), kept);
  w.artifacts.set(`muster-run-${plan}-copy`, kept);
  [job, s] = await again();
  assert.deepEqual([job.exits.merge, s.verdict], [0, 'passed']);
  const twice = w.folder('twice');
  fs.cpSync(kept, twice, { recursive: true });
  const journal = path.join(twice, 'journal.ndjson');
  const id = JSON.parse(fs.readFileSync(journal, 'utf8').split('\n', 1)[0]).run_id;
  fs.writeFileSync(journal, fs.readFileSync(journal, 'utf8').replaceAll(id, id.replace(/.$/, c => (c === '0' ? '1' : '0'))));
  w.artifacts.set(`muster-run-${plan}-copy`, twice);
  [job, s] = await again();
  assert.deepEqual([job.exits.merge, s.verdict, status(s)], [5, 'incomplete', ['passed', 'doubled', 'passed']]);

  // Another plan's bundle does not pass for one of this.
  w.artifacts.set(`muster-run-${plan}-copy`, foreign);
  [job, s] = await again();
  assert.deepEqual([job.exits.merge, s.verdict], [5, 'incomplete']);
  assert.match(job.output, /made for another plan/);
});

test('all jobs again, and one dies: what it left in the first attempt does not stand in for it', async () => {
  const w = world();
  const first = await go(w, { inputs: inputs({ history: 'off', 'run-args': '--suite\nmocha', 'plan-args': '--suite\nmocha' }) });
  assert.equal(merge(first).result, 'success', merge(first).output);
  w.onStep = async (job, step, child) => {
    if (step.id !== 'run' || !job.name.endsWith(' 1/3')) return;
    process.kill(-child.pid, 'SIGKILL');
    fs.rmSync(path.join(job.temp, 'muster-muster/run'), { recursive: true, force: true });
  };
  const again = await go(w, { attempt: 2, inputs: inputs({ history: 'off', 'run-args': '--suite\nmocha', 'plan-args': '--suite\nmocha' }) });
  const s = summaryOf(merge(again));
  assert.equal(s.plan_id, summaryOf(merge(first)).plan_id, 'the very same plan');
  assert.deepEqual([s.verdict, s.exit_code, status(s)], ['incomplete', 5, ['missing', 'passed', 'passed']]);
  assert.deepEqual(w.caches, [], 'history: off');
});

test('no job has left anything, or there is no plan: never green', async () => {
  const w = world();
  w.onStep = async (job, step, child) => {
    if (step.id === 'run') process.kill(-child.pid, 'SIGKILL');
  };
  const result = await go(w);
  for (const name of bundles(w)) w.artifacts.delete(name);
  const again = await go(w, { attempt: 2, before: result, only: j => j.id === 'merge' });
  assert.equal(merge(again).exits.merge, 5);
  assert.deepEqual(status(summaryOf(merge(again))), ['missing', 'missing', 'missing']);

  const none = await go(world(), { inputs: inputs({ 'plan-args': '--suite\nnothing-like-it' }) });
  assert.deepEqual([none.needs.plan.result, none.needs.run.result, none.needs.merge.result], ['failure', 'skipped', 'failure']);
  assert.equal(merge(none).exits.merge, 5);
  assert.match(merge(none).output, /there is no plan/);
});

test('inputs are data: nothing in them is run or splits', async () => {
  const w = world();
  const trap = path.join(w.dir, 'trap');
  const hostile = `--suite=$(touch ${trap}) \`touch ${trap}\`; touch ${trap} #"'`;
  const result = await go(w, { inputs: inputs({ 'plan-args': hostile }) });
  assert.equal(result.jobs.plan[0].exits.plan, 2);
  assert.ok(result.jobs.plan[0].output.includes(hostile.slice('--suite='.length)), result.jobs.plan[0].output);
  const named = await go(w, { inputs: inputs({ name: `a"; touch ${trap}; "` }) });
  assert.equal(named.jobs.plan[0].exits.program, 2);
  assert.equal(fs.existsSync(trap), false);
});
