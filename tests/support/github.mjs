// Plays a workflow of GitHub Actions on this machine, as far as ours need it: jobs in the order of
// their needs, a matrix one job after another, each with a workspace, a RUNNER_TEMP, a HOME and an
// environment of its own; composite actions; expressions by GitHub's own library. Caches and
// artifacts are folders that are copied, with the real ones' rules about keys and names. Steps
// start as the runner starts them, and a job is cancelled as the runner does it: SIGINT to that one
// process, then SIGTERM, then SIGKILL.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const require = createRequire(new URL('../fixtures/ci-lint/package.json', import.meta.url));
export const yaml = require('yaml');
export const root = fileURLToPath(new URL('../../', import.meta.url)).replace(/\/$/, '');
const { Lexer, Parser, Evaluator, data } = await import(
  pathToFileURL(path.join(root, 'tests/fixtures/ci-lint/node_modules/@actions/expressions/dist/index.js')));

// ---- expressions ---------------------------------------------------------------------------------

const CONTEXTS = ['github', 'inputs', 'steps', 'needs', 'matrix', 'runner', 'job', 'env'];

function toData(value) {
  if (value === undefined || value === null) return new data.Null();
  if (typeof value === 'boolean') return new data.BooleanData(value);
  if (typeof value === 'number') return new data.NumberData(value);
  if (typeof value === 'string') return new data.StringData(value);
  if (Array.isArray(value)) return new data.Array(...value.map(toData));
  return new data.Dictionary(...Object.entries(value).map(([key, v]) => ({ key, value: toData(v) })));
}

function toPlain(value) {
  switch (value.kind) {
    case data.Kind.Null: return null;
    case data.Kind.Array: return value.values().map(toPlain);
    case data.Kind.Dictionary: return Object.fromEntries(value.pairs().map(p => [p.key, toPlain(p.value)]));
    default: return value.value;
  }
}

function evaluate(text, contexts, status) {
  const functions = ['always', 'cancelled', 'success', 'failure'].map(name => ({
    name, minArgs: 0, maxArgs: 0, call: () => new data.BooleanData(status[name]),
  }));
  const tree = new Parser(new Lexer(text).lex().tokens, CONTEXTS, functions).parse();
  const table = new Map(functions.map(f => [f.name, f]));
  return new Evaluator(tree, toData(contexts), table).evaluate();
}

// A string with ${{ }} in it; an expression alone keeps its type.
function fill(value, contexts, status) {
  if (typeof value !== 'string') return value;
  const whole = /^\$\{\{(.*)\}\}$/s.exec(value.trim());
  if (whole && !whole[1].includes('${{')) return toPlain(evaluate(whole[1], contexts, status));
  return value.replace(/\$\{\{(.*?)\}\}/gs, (_, text) => evaluate(text, contexts, status).coerceString());
}

const fillAll = (map, contexts, status) => Object.fromEntries(
  Object.entries(map ?? {}).map(([key, value]) => [key, fill(value, contexts, status) ?? '']));

// `if:`; what names no status function means "and all went well so far".
function holds(condition, contexts, status) {
  if (condition === undefined) return status.success;
  const text = String(condition).trim().replace(/^\$\{\{(.*)\}\}$/s, '$1');
  const own = /\b(always|cancelled|success|failure)\s*\(/.test(text);
  const value = toPlain(evaluate(text, contexts, status));
  return Boolean(value) && (own || status.success);
}

// ---- what the runner keeps -----------------------------------------------------------------------

function copy(from, to) {
  fs.mkdirSync(path.dirname(to), { recursive: true });
  fs.cpSync(from, to, { recursive: true, verbatimSymlinks: true });
}

function glob(pattern) {
  return new RegExp('^' + pattern.split('*').map(s => s.replace(/[^\w-]/g, '\\$&')).join('.*') + '$');
}

// NAME=value, or NAME<<END … END, as in GITHUB_OUTPUT.
function readPairs(file) {
  return Object.fromEntries(fs.readFileSync(file, 'utf8').split('\n').filter(l => l.includes('='))
    .map(l => [l.slice(0, l.indexOf('=')), l.slice(l.indexOf('=') + 1)]));
}

// The world of one repository: what outlives jobs. `store` may be looked at and spoiled by a test.
export class World {
  constructor(dir, { checkout, env }) {
    this.dir = dir;
    this.checkout = checkout; // (workspace) puts the project there
    this.env = env; // (job name) -> further variables
    this.runs = new Map(); // run id -> its artifacts
    this.artifacts = new Map(); // of the run that is played: name -> folder
    this.caches = []; // {key, folder}, oldest first
  }

  folder(name) {
    const dir = fs.mkdtempSync(path.join(this.dir, name.replace(/\W+/g, '-') + '-'));
    return dir;
  }
}

const uses = {
  'actions/checkout'(job, w) {
    if (!w.path) return job.world.checkout(job.workspace);
    // The sources of muster, with what the sparse checkout leaves out left out.
    const left = w['sparse-checkout'].split('\n').filter(l => l.startsWith('!')).map(l => l.slice(1));
    const to = path.join(job.workspace, w.path);
    fs.mkdirSync(to, { recursive: true });
    for (const name of fs.readdirSync(root)) {
      if (left.includes(`/${name}/`) || /^(build.*|\.git)$/.test(name)) continue;
      fs.symlinkSync(path.join(root, name), path.join(to, name));
    }
  },
  'actions/setup-node'() {},
  'actions/cache/restore'(job, w) {
    const keys = [w.key, ...(w['restore-keys'] ?? '').split('\n').filter(Boolean)];
    for (const key of keys) {
      const found = job.world.caches.findLast(c => c.key === key) ?? job.world.caches.findLast(c => c.key.startsWith(key));
      if (!found) continue;
      copy(path.join(found.folder, 'saved'), path.resolve(job.workspace, w.path));
      return { 'cache-hit': String(found.key === w.key), 'cache-matched-key': found.key };
    }
    return { 'cache-hit': '' };
  },
  'actions/cache/save'(job, w) {
    const from = path.resolve(job.workspace, w.path);
    if (!fs.existsSync(from) || job.world.caches.some(c => c.key === w.key)) return {};
    const folder = job.world.folder('cache');
    copy(from, path.join(folder, 'saved'));
    job.world.caches.push({ key: w.key, folder, by: job.id });
  },
  'actions/upload-artifact'(job, w) {
    const from = path.resolve(job.workspace, w.path);
    if (!fs.existsSync(from)) {
      if (w['if-no-files-found'] === 'error') throw new Error(`no files: ${from}`);
      return {};
    }
    if (/["<>|*?:\r\n\\/]/.test(w.name)) throw new Error(`not a name of an artifact: ${w.name}`);
    if (job.world.artifacts.has(w.name) && !w.overwrite) throw new Error(`artifact is there: ${w.name}`);
    const folder = job.world.folder('artifact');
    copy(from, fs.statSync(from).isDirectory() ? folder : path.join(folder, path.basename(from)));
    job.world.artifacts.set(w.name, folder);
  },
  'actions/download-artifact'(job, w) {
    const to = path.resolve(job.workspace, w.path);
    if (w.name) {
      if (!job.world.artifacts.has(w.name)) throw new Error(`no artifact ${w.name}`);
      return copy(job.world.artifacts.get(w.name), to);
    }
    const pattern = glob(w.pattern);
    for (const [name, folder] of job.world.artifacts)
      if (pattern.test(name)) copy(folder, path.join(to, name));
  },
};

// ---- jobs ----------------------------------------------------------------------------------------

class Job {
  constructor(world, id, name, contexts, env) {
    this.world = world;
    this.id = id;
    this.name = name;
    this.result = 'success';
    const dir = world.folder(`job-${name}`);
    this.workspace = path.join(dir, 'work');
    this.temp = path.join(dir, 'temp');
    this.home = path.join(dir, 'home');
    for (const d of [this.workspace, this.temp, this.home]) fs.mkdirSync(d);
    this.summary = path.join(dir, 'summary.md');
    fs.writeFileSync(this.summary, '');
    this.contexts = contexts;
    this.path = [];
    this.exits = {}; // step id -> exit code or signal
    this.output = '';
    this.env = {
      ...env, CI: 'true', HOME: this.home, GITHUB_WORKSPACE: this.workspace, RUNNER_TEMP: this.temp,
      GITHUB_STEP_SUMMARY: this.summary, GITHUB_JOB: id,
    };
  }

  status() {
    const cancelled = this.cancelling === true;
    return {
      always: true, cancelled, success: this.result === 'success' && !cancelled,
      failure: this.result === 'failure' && !cancelled,
    };
  }

  // A step that is a script: as the runner does, `bash -e FILE`, signals to that process alone.
  async script(step, contexts, actionPath) {
    const file = path.join(this.temp, 'step.sh'), out = path.join(this.temp, 'output'), more = path.join(this.temp, 'path');
    fs.writeFileSync(file, fill(step.run, contexts, this.status()));
    fs.writeFileSync(out, '');
    fs.writeFileSync(more, '');
    fs.writeFileSync(path.join(this.temp, 'env'), '');
    const child = spawn('bash', ['--noprofile', '--norc', '-eo', 'pipefail', file], {
      cwd: path.resolve(this.workspace, fill(step['working-directory'] ?? '.', contexts, this.status())),
      env: {
        ...this.env, ...fillAll(step.env, contexts, this.status()), GITHUB_OUTPUT: out, GITHUB_PATH: more,
        GITHUB_ENV: path.join(this.temp, 'env'), GITHUB_ACTION_PATH: actionPath ?? '',
        PATH: [...this.path, this.env.PATH].join(':'),
      },
      stdio: ['ignore', 'pipe', 'pipe'], detached: true,
    });
    child.stdout.on('data', d => { this.output += d; });
    child.stderr.on('data', d => { this.output += d; });
    const ended = new Promise(resolve => child.on('close', (code, signal) => resolve(signal ?? code)));
    if (step.id && this.world.onStep) await this.world.onStep(this, step, child, ended);
    const code = await ended;
    if (step.id) this.exits[step.id] = code;
    this.path.unshift(...fs.readFileSync(more, 'utf8').split('\n').filter(Boolean));
    return { code, outputs: readPairs(out) };
  }

  // The runner's way: 7.5 s and 2.5 s there.
  async cancel(child, ended, grace) {
    this.cancelling = true;
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGKILL']) {
      child.kill(signal);
      if (await Promise.race([ended.then(() => true), new Promise(r => setTimeout(r, grace, false))])) return;
    }
  }

  async steps(list, contexts, actionPath) {
    const steps = {};
    for (const step of list) {
      const here = { ...contexts, steps };
      if (!holds(step.if, here, this.status())) {
        if (step.id) steps[step.id] = { outcome: 'skipped', outputs: {} };
        continue;
      }
      let outcome = 'success', outputs = {};
      try {
        if (step.run !== undefined) {
          const done = await this.script(step, here, actionPath);
          outputs = done.outputs;
          if (done.code !== 0) outcome = this.cancelling ? 'cancelled' : 'failure';
        } else {
          outputs = await this.use(step, here) ?? {};
        }
      } catch (e) {
        this.output += `${e.stack}\n`;
        outcome = 'failure';
      }
      if (outcome !== 'success') this.result = this.cancelling ? 'cancelled' : 'failure';
      if (step.id) steps[step.id] = { outcome, outputs };
    }
    return steps;
  }

  async use(step, contexts) {
    const w = fillAll(step.with, contexts, this.status());
    if (!step.uses.startsWith('./')) {
      const fake = uses[step.uses.replace(/@.*/, '')];
      if (!fake) throw new Error(`what is ${step.uses}?`);
      return fake(this, w);
    }
    const dir = path.join(this.workspace, step.uses);
    const action = yaml.parse(fs.readFileSync(path.join(dir, 'action.yml'), 'utf8'));
    for (const name of Object.keys(w)) if (!(name in action.inputs)) throw new Error(`no input ${name}`);
    const inputs = Object.fromEntries(Object.entries(action.inputs).map(([k, v]) => [k, String(w[k] ?? v.default ?? '')]));
    const steps = await this.steps(action.runs.steps, { ...contexts, inputs }, dir);
    return fillAll(Object.fromEntries(Object.entries(action.outputs).map(([k, v]) => [k, v.value])),
      { ...contexts, inputs, steps }, this.status());
  }
}

// One attempt of a reusable workflow. `only(job id, name)`: the others keep what `before`, the jobs
// of the attempt before, came to ("re-run failed jobs").
export async function play(world, file, { inputs = {}, attempt = 1, run = 1, sha = 'c0ffee', only = () => true, before } = {}) {
  if (!world.runs.has(run)) world.runs.set(run, new Map());
  world.artifacts = world.runs.get(run);
  const workflow = yaml.parse(fs.readFileSync(file, 'utf8'));
  const given = Object.fromEntries(Object.entries(workflow.on.workflow_call.inputs).map(([k, v]) => [k, inputs[k] ?? v.default ?? '']));
  const github = { run_id: String(run), run_attempt: String(attempt), sha, workspace: '' };
  const env = {
    PATH: process.env.PATH, LC_ALL: 'C.UTF-8', ...(process.env.ASAN_OPTIONS ? { ASAN_OPTIONS: process.env.ASAN_OPTIONS } : {}),
    GITHUB_ACTIONS: 'true', GITHUB_RUN_ID: String(run), GITHUB_RUN_ATTEMPT: String(attempt), GITHUB_SHA: sha,
    GITHUB_REF_NAME: 'main', GITHUB_REPOSITORY: 'o/r', GITHUB_SERVER_URL: 'https://github.invalid',
    RUNNER_OS: 'Linux', RUNNER_ARCH: 'X64', ImageOS: 'ubuntu24',
  };
  const jobs = {}, needs = {}, all = [];
  for (const [id, job] of Object.entries(workflow.jobs)) {
    const required = [job.needs ?? []].flat();
    const contexts = {
      github, inputs: given, runner: { os: 'Linux', arch: 'X64', temp: '' }, job: { workflow_repository: 'o/muster', workflow_sha: 'x' },
      needs: Object.fromEntries(required.map(n => [n, needs[n]])), env: {},
    };
    const status = {
      always: true, cancelled: world.cancelled === true, failure: required.some(n => needs[n].result === 'failure'),
      success: required.every(n => needs[n].result === 'success'),
    };
    if (!holds(job.if, contexts, status)) {
      needs[id] = { result: 'skipped', outputs: {} };
      continue;
    }
    const matrix = job.strategy?.matrix ? fill(job.strategy.matrix, contexts, status).include : [{}];
    jobs[id] = [];
    for (const own of matrix) {
      const here = { ...contexts, matrix: own };
      const name = fill(job.name ?? id, here, status);
      const old = before?.all.find(j => j.id === id && j.name === name);
      if (old && !only(old)) {
        jobs[id].push(old);
        continue;
      }
      const played = new Job(world, id, name, here, { ...env, ...world.env(name) });
      const steps = await played.steps(job.steps, here);
      played.outputs = fillAll(job.outputs, { ...here, steps }, played.status());
      jobs[id].push(played);
    }
    all.push(...jobs[id]);
    const bad = jobs[id].find(j => j.result === 'failure') ?? jobs[id].find(j => j.result === 'cancelled');
    needs[id] = { result: bad?.result ?? 'success', outputs: jobs[id][0]?.outputs ?? {} };
  }
  return { jobs, needs, all };
}
