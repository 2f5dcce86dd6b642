// The budget of a pipeline: a warning in time, an end in order, a clock that starts with the plan. Files
// are acts of the fake worker; one that hangs makes every second count without any being measured.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { fake, project, run, runFake } from './support.mjs';

const read = (dir, name) => fs.readFileSync(path.join(dir, name), 'utf8');
const events = (dir, out) => read(dir, `${out}/journal.ndjson`).trim().split('\n').map(line => JSON.parse(line));
const notices = list => list.filter(e => e.type === 'notice' && /budget|plan/.test(e.name));
const ci = more => ({ MUSTER_TEST_ADAPTERS: fake, ...more });

function planned(acts, ago, budget) {
  const dir = project(acts, { 'muster.yaml': `budget: ${budget}\n` });
  assert.equal(runFake(dir, ['plan', '--shards', '2', '-o', 'plan.json']).code, 0);
  // when it was made is no part of its id
  const plan = JSON.parse(read(dir, 'plan.json'));
  plan.created_at = new Date(Date.now() - ago * 1000).toISOString();
  fs.writeFileSync(path.join(dir, 'plan.json'), JSON.stringify(plan));
  return { dir, shardOf: file => plan.shards.find(s => s.items.some(i => i.file === `test/${file}.js`)).index };
}

const share = (p, index, env) =>
  run(p.dir, ['run', '-j1', '--plan', 'plan.json', '--shard', `${index}/2`, '--out', `b/${index}`], ci(env));

test('a warning at 80 %, the end at the deadline, everything recorded: 124', () => {
  const dir = project(['pass1', 'hang', 'zpass2']);
  const done = runFake(dir, ['-j1', '--budget', '3s', '--out', 'out', '--no-fail-fast', '--reporter', 'junit=junit.xml', '--reporter', 'plain']);
  assert.equal(done.code, 124, done.out + done.err);
  const list = events(dir, 'out'), at = name => list.findIndex(e => e.type === name);
  assert.deepEqual(notices(list).map(e => e.name), ['budget_low']);
  assert.match(notices(list)[0].text, /^the budget is running out: 2\.\d s of 3\.0 s are used, \d files? left need about .* more with 1 worker$/);
  assert.ok(list.indexOf(notices(list)[0]) < at('run_cancelled'), 'before the end');
  const end = list.at(-1);
  assert.deepEqual([end.type, end.exit_code, list[at('run_cancelled')].cancel], ['run_finished', 124, 'deadline']);
  // what had a result keeps it, in the summary and in the report
  const s = JSON.parse(read(dir, 'out/summary.json'));
  assert.deepEqual([s.exit_reason, s.files.planned, s.files.passed + s.files.failed + s.files.not_run], ['deadline exceeded', 3, 3]);
  assert.equal(s.tests.passed, list.filter(e => e.type === 'test_finished' && e.outcome === 'passed').length);
  for (const e of list.filter(x => x.type === 'test_finished')) assert.ok(read(dir, 'junit.xml').includes(e.file), e.file);
});

test('the clock of a share starts when the plan was made: what it waited is used', () => {
  const p = planned(['pass1', 'hang'], 9 * 60, '545s');
  const hangs = p.shardOf('hang');
  assert.equal(share(p, 3 - hangs, { CI: 'true', GITHUB_ACTIONS: 'true', GITHUB_RUN_ATTEMPT: '1' }).code, 0);
  const late = share(p, hangs, { CI: 'true', GITHUB_ACTIONS: 'true', GITHUB_RUN_ATTEMPT: '1' });
  assert.equal(late.code, 124, late.out + late.err);
  const list = events(p.dir, `b/${hangs}`);
  assert.match(notices(list)[0].text, /: 9 m 0\d s of 9 m 0\d s are used/);
  // One verdict: the deadline, and where the time went.
  const merged = run(p.dir, ['merge', 'b', '--json'], ci());
  assert.equal(merged.code, 124, merged.err);
  const s = JSON.parse(merged.out);
  assert.equal(s.shards[hangs - 1].status, 'cancelled');
  assert.deepEqual([s.exit_reason, s.files.not_run], ['deadline exceeded', 1]);
  const gate = s.gates.find(g => g.name === 'duration');
  assert.match(gate.text, /from the plan to the last result/);
  assert.match(gate.text, new RegExp(`shard ${hangs} ended last, waited 9 m 0\\d s`));
  assert.match(gate.text, /Waiting is most of it|Start-up is most of it/);
});

test('a job that is run again starts its own clock, also where no number says so', () => {
  const p = planned(['pass1', 'pass2'], 3600, '10m');
  // attempt 1 by its number: an hour in the queue is over the budget
  const first = share(p, 1, { CI: 'true', GITHUB_ACTIONS: 'true', GITHUB_RUN_ATTEMPT: '1' });
  assert.equal(first.code, 124);
  const s = JSON.parse(run(p.dir, ['merge', 'b', '--json'], ci()).out);
  assert.deepEqual([s.exit_code, s.files.not_run, s.shards.map(x => x.status)], [124, 2, ['cancelled', 'missing']]);
  assert.match(s.gates.find(g => g.name === 'duration').text, /shard 1 ended last, waited 1 h 00 m and ran no test/);
  fs.rmSync(path.join(p.dir, 'b'), { recursive: true });
  assert.equal(share(p, 1, { CI: 'true', GITHUB_ACTIONS: 'true', GITHUB_RUN_ATTEMPT: '2' }).code, 0);
  assert.deepEqual(notices(events(p.dir, 'b/1')), []);
  const unnumbered = share(p, 2, { CI: 'true', CIRCLECI: 'true' });
  assert.equal(unnumbered.code, 0, unnumbered.out + unnumbered.err);
  assert.match(notices(events(p.dir, 'b/2'))[0].text, /^the plan was made 1 h 0\d m .*ago, which is more than the budget/);
});
