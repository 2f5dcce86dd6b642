// Jest adapter: plans with Jest's own code, then runs file by file in this warm process with what
// Jest's own workers run. Traps and reasons: docs/design/jest.md.
'use strict';

const fs = require('fs');
const path = require('path');
const { createRequire } = require('module');
const channel = require('./channel.cjs');
const { send } = channel;

// bin/jest.js does this; without it Babel's cache keys and `env.test` differ.
if (process.env.NODE_ENV == null) process.env.NODE_ENV = 'test';

let init = null;
let plan = null; // {globalConfig, projects: [{config, moduleMap, files}]}
let jest = null; // resolved internals
let configOf = null; // "project\0file" -> project config
let current = null; // the file that runs now

// ---- resolving --------------------------------------------------------------------------------

function requireFrom(file) {
  return createRequire(file);
}

// project → jest → @jest/core → the rest: never from our own folder, and safe for pnpm.
function resolveJest(root) {
  const fromRoot = requireFrom(path.join(root, 'package.json'));
  const tries = ['jest/package.json', 'jest-cli/package.json', 'react-scripts/package.json'];
  for (const name of tries) {
    let file;
    try {
      file = fromRoot.resolve(name);
    } catch {
      continue;
    }
    if (name.startsWith('react-scripts')) file = requireFrom(file).resolve('jest/package.json');
    const fromJest = requireFrom(file);
    const fromCore = requireFrom(fromJest.resolve('@jest/core/package.json'));
    const fromRunner = requireFrom(fromCore.resolve('jest-runner/package.json'));
    return { version: fromJest('./package.json').version, fromJest, fromCore, fromRunner };
  }
  const error = new Error('jest is not installed in ' + root);
  error.help = 'npm install --save-dev jest';
  throw error;
}

function loadTestWorker() {
  const dir = path.dirname(jest.fromCore.resolve('jest-runner/package.json'));
  return require(path.join(dir, 'build', 'testWorker.js'));
}

// ---- the environment: where Jest tells what happens inside a file -------------------------------

const wrapped = new WeakMap();

function titlesOf(test) {
  const titles = [];
  for (let node = test; node && node.parent; node = node.parent) titles.unshift(node.name);
  return titles;
}

function numberTests(block, run) {
  for (const child of block.children) {
    if (child.type === 'describeBlock') {
      numberTests(child, run);
      continue;
    }
    const titles = titlesOf(child);
    const occ = run.number(titles);
    const selected = !run.selected || run.selected(titles, occ);
    run.identity.set(child, { titles, occ, selected });
    if (!selected) child.mode = 'skip';
  }
}

function identify(test, run) {
  let id = run.identity.get(test);
  if (!id) {
    const titles = titlesOf(test);
    id = { titles, occ: run.number(titles), selected: true };
    run.identity.set(test, id);
  }
  return id;
}

function retriesOf(environment) {
  return parseInt(environment.global && environment.global[Symbol.for('RETRY_TIMES')], 10) || 0;
}

function onTestEvent(environment, event, state) {
  const run = current;
  if (!run) return;
  switch (event.name) {
    case 'run_start':
      numberTests(state.rootDescribeBlock, run);
      break;
    case 'test_start': {
      const id = identify(event.test, run);
      if (!id.selected || event.test.mode === 'skip' || event.test.mode === 'todo') break;
      id.started = true;
      break;
    }
    case 'test_fn_start':
    case 'test_started': {
      const id = identify(event.test, run);
      if (!id.selected || id.told === event.test.invocations) break;
      id.told = event.test.invocations;
      send({
        type: 'test_started', file: run.file, project: run.project, path: id.titles, occ: id.occ,
        attempt: event.test.invocations || 1,
      });
      break;
    }
    case 'test_skip': {
      const id = identify(event.test, run);
      if (id.selected) report(run, id, { outcome: 'skipped', attempt: 1 });
      break;
    }
    case 'test_done': {
      const id = identify(event.test, run);
      id.test = event.test;
      id.willRetry = event.test.errors.length > 0 &&
        (event.test.invocations || 1) <= retriesOf(environment);
      run.done.push(id);
      break;
    }
    case 'test_todo':
      run.done.push(identify(event.test, run));
      break;
  }
}

function wrapEnvironment(Base) {
  if (typeof Base !== 'function' || !Base.prototype || !Base.prototype.getVmContext) return Base;
  if (wrapped.has(Base)) return wrapped.get(Base);
  class Environment extends Base {
    constructor(...args) {
      super(...args);
      if (Object.prototype.hasOwnProperty.call(this, 'handleTestEvent')) {
        const own = this.handleTestEvent; // an arrow function as class field
        this.handleTestEvent = (event, state) => {
          onTestEvent(this, event, state);
          return own.call(this, event, state);
        };
      }
    }

    handleTestEvent(event, state) {
      onTestEvent(this, event, state);
      return super.handleTestEvent ? super.handleTestEvent(event, state) : undefined;
    }
  }
  Object.defineProperty(Environment, 'name', { value: Base.name });
  wrapped.set(Base, Environment);
  return Environment;
}

// Every way to an environment, docblocks too, leads through the script transformer.
async function patchTransformer(config) {
  const { createScriptTransformer } = jest.fromRunner('@jest/transform');
  const transformer = await createScriptTransformer(config, new Map());
  const proto = Object.getPrototypeOf(transformer);
  if (proto.requireAndTranspileModule.muster) return transformer;
  const original = proto.requireAndTranspileModule;
  proto.requireAndTranspileModule = async function (...args) {
    return wrapEnvironment(await original.apply(this, args));
  };
  proto.requireAndTranspileModule.muster = true;
  return transformer;
}

// ---- results ----------------------------------------------------------------------------------

const failureKinds = [
  [/^thrown: "Exceeded timeout|Exceeded timeout of \d+ ms/, 'timeout'],
  [/\bexpect\(|AssertionError|toMatch|Snapshot/, 'assertion'],
];

function failureFrom(messages, details) {
  // eslint-disable-next-line no-control-regex
  const text = messages.join('\n\n').replace(/\x1b\[[0-9;]*m/g, '').replace(/^Error: /, '');
  const kind = (failureKinds.find(([regex]) => regex.test(text)) || [0, 'error'])[1];
  const matcher = (details || []).map(d => d && (d.matcherResult || (d.error && d.error.matcherResult)))
    .find(Boolean);
  const more = {};
  if (matcher && matcher.expected !== undefined) more.expected = print(matcher.expected);
  if (matcher && matcher.actual !== undefined) more.actual = print(matcher.actual);
  return channel.failure(kind, text, more);
}

function print(value) {
  if (typeof value === 'string') return channel.clip(value);
  try {
    return channel.clip(JSON.stringify(value, null, 2));
  } catch {
    return channel.clip(String(value));
  }
}

function report(run, id, result) {
  if (!result.will_retry) {
    if (id.reported) return;
    id.reported = true;
    run.count++;
    run.reported.add(channel.key(id.titles, id.occ));
    if (result.outcome === 'failed') run.failed++;
  }
  send({
    type: 'test_finished', file: run.file, project: run.project, path: id.titles, occ: id.occ,
    ...result,
  });
}

const outcomes = { passed: 'passed', failed: 'failed' };

// Jest's own message of a finished attempt: it has the formatted failure.
function onCaseResult(run, result) {
  const titles = [...result.ancestorTitles, result.title];
  const k = titles.join('\u0000');
  const at = run.done.findIndex(id => id.titles.join('\u0000') === k);
  const id = at >= 0 ? run.done.splice(at, 1)[0] : { titles, occ: run.number(titles), selected: true };
  if (!id.selected) return;
  const outcome = outcomes[result.status] || 'skipped';
  report(run, id, {
    outcome,
    ms: result.duration || 0,
    attempt: result.invocations || 1,
    will_retry: outcome === 'failed' && id.willRetry ? true : undefined,
    failure: outcome === 'failed' ? failureFrom(result.failureMessages, result.failureDetails) : undefined,
    ...lineOf(result.location),
  });
}

function lineOf(location) {
  return location ? { line: location.line, column: location.column } : {};
}

// jest-worker's messageParent() uses process.send; tests in Jest's own workers see one, too.
function installSend() {
  process.send = message => {
    const [, [name, payload]] = message;
    if (current && name === 'test-case-result') onCaseResult(current, payload[1]);
    else if (current && name === 'test-case-start') onCaseStart(current, payload[1]);
    return true;
  };
}

function onCaseStart(run, info) {
  const titles = [...info.ancestorTitles, info.title];
  if (!run.jasmine) return; // Circus told us through the environment
  send({ type: 'test_started', file: run.file, project: run.project, path: titles, occ: 1, attempt: 1 });
}

// What had no message of its own (skipped in a skipped block, jasmine) is told from the final list.
function reconcile(run, result) {
  const number = channel.occurrences();
  for (const test of result.testResults) {
    const titles = [...test.ancestorTitles, test.title];
    const occ = number(titles);
    if (run.reported.has(channel.key(titles, occ))) continue;
    if (run.selected && !run.selected(titles, occ)) continue;
    const outcome = outcomes[test.status] || 'skipped';
    report(run, { titles, occ }, {
      outcome,
      ms: test.duration || 0,
      attempt: test.invocations || 1,
      failure: outcome === 'failed' ? failureFrom(test.failureMessages, test.failureDetails) : undefined,
    });
  }
}

function sendConsole(run, entries) {
  for (const entry of entries || []) {
    send({
      type: 'output', file: run.file, project: run.project,
      stream: entry.type === 'error' || entry.type === 'warn' ? 'stderr' : 'stdout',
      text: 'console.' + entry.type + ': ' + channel.clip(entry.message) + '\n',
    });
  }
}

// Why the file itself failed though its tests may have passed; undefined = it did not.
function fileFailure(run, result) {
  if (result.testExecError) {
    return channel.failureOf('load', result.testExecError);
  }
  if (!result.testResults.length) {
    return { kind: 'load', message: 'Your test suite must contain at least one test.' };
  }
  if (result.failureMessage && !run.failed && !run.selected) {
    return channel.failure('error', result.failureMessage);
  }
  const unchecked = result.snapshot ? result.snapshot.unchecked : 0;
  if (unchecked && !run.selected && plan.globalConfig.updateSnapshot !== 'all') {
    return {
      kind: 'error',
      message: unchecked + ' obsolete snapshot' + (unchecked === 1 ? '' : 's') +
        ': Jest fails a run with them; `jest -u` removes them',
    };
  }
  return undefined;
}

async function runFile(worker, item) {
  const config = configOf.get((item.project || '') + '\u0000' + item.file);
  const run = {
    file: item.file, project: item.project || '', count: 0, failed: 0, done: [],
    identity: new WeakMap(), number: channel.occurrences(), reported: new Set(),
    selected: channel.matcher(init.test, item.only),
    jasmine: /jasmine/.test(config.testRunner),
  };
  const started = channel.now();
  let failure;
  current = run;
  send({ type: 'file_started', file: run.file, project: run.project, attempt: item.attempt });
  try {
    const result = await worker.worker({
      config, globalConfig: plan.globalConfig, path: path.resolve(init.base, item.file), context: {},
    });
    reconcile(run, result);
    sendConsole(run, result.console);
    failure = fileFailure(run, result);
  } catch (error) {
    failure = channel.failureOf('load', error);
  }
  current = null;
  const outcome = failure || run.failed ? 'failed' : run.selected && !run.count ? 'skipped' : 'passed';
  send({
    type: 'file_finished', file: run.file, project: run.project, attempt: item.attempt, outcome,
    ms: channel.milliseconds(started), count: run.count, failure,
    rss_kb: Math.round(process.memoryUsage.rss() / 1024),
  });
}

// ---- planning ---------------------------------------------------------------------------------

function parseArgs(args) {
  if (!args.length) return { _: [], $0: 'jest' };
  let cli;
  try {
    cli = jest.fromJest('jest-cli');
  } catch {
    cli = null;
  }
  if (!cli || !cli.buildArgv) {
    throw new Error('the options of Jest cannot be parsed: ' + args.join(' '));
  }
  return cli.buildArgv(args);
}

async function readPlan() {
  const { readConfigs } = jest.fromCore('jest-config');
  const argv = parseArgs(init.args);
  const serial = argv.runInBand || argv.i || argv.maxWorkers === 1 || argv.maxWorkers === '1';
  Object.assign(argv, {
    ci: argv.ci === undefined || !init.args.some(a => /^--(no-)?ci/.test(a)) ? init.ci : argv.ci,
    collectCoverage: false, coverage: false, watch: false, watchAll: false, bail: 0,
    passWithNoTests: argv.passWithNoTests, maxWorkers: 1, watchman: false,
  });
  delete argv.runInBand;
  if (init.config) argv.config = init.config;
  if (init.files.length) argv.testMatch = init.files.map(f => path.isAbsolute(f) ? f : path.join(init.root, f));
  const { globalConfig, configs } = await readConfigs(argv, [init.root]);
  return { globalConfig, configs, serial };
}

const projectName = (config, many) => {
  if (!many) return '';
  const display = config.displayName;
  return (display && (display.name || display)) || channel.relative(config.rootDir) || '.';
};

async function findFiles(globalConfig, configs) {
  const Runtime = jest.fromCore('jest-runtime').default;
  const { SearchSource } = jest.fromJest('@jest/core');
  const projects = [];
  for (const config of configs) {
    const context = await Runtime.createContext(config, {
      console, maxWorkers: 1, watch: false, watchman: false,
    });
    const { tests } = await new SearchSource(context).getTestPaths(globalConfig, config);
    projects.push({
      config,
      moduleMap: context.moduleMap.toJSON(),
      files: tests.map(t => t.path),
    });
  }
  return projects;
}

// A custom runner has rules of its own; ours are those of jest-runner.
function checkRunners(configs) {
  const own = path.dirname(jest.fromCore.resolve('jest-runner/package.json'));
  for (const config of configs) {
    if (config.runner && !fs.realpathSync(config.runner).startsWith(fs.realpathSync(own))) {
      const error = new Error('the custom runner ' + channel.relative(config.runner) + ' is not supported');
      error.help = 'leave this suite to Jest itself, or give muster.yaml a suite without it';
      throw error;
    }
  }
}

function takePlan(value) {
  plan = value;
  configOf = new Map();
  const many = plan.projects.length > 1;
  for (const project of plan.projects) {
    project.name = projectName(project.config, many);
    for (const file of project.files) {
      configOf.set(project.name + '\u0000' + channel.relative(file), project.config);
    }
  }
}

async function setupWorker(worker) {
  await worker.setup({
    serializableResolvers: plan.projects.map(p => ({ config: p.config, serializableModuleMap: p.moduleMap })),
  });
  await patchTransformer(plan.projects[0].config);
}

function sizeOf(file) {
  try {
    return fs.statSync(file).size;
  } catch {
    return undefined;
  }
}

async function discover(worker) {
  const { globalConfig, configs, serial } = await readPlan();
  checkRunners(configs);
  const projects = await findFiles(globalConfig, configs);
  const clean = { ...globalConfig, maxWorkers: 1 };
  delete clean.testPathPatterns; // a class instance; only the search needs it
  takePlan({ globalConfig: clean, projects });
  const planPath = path.join(init.cache_dir, 'jest-plan.json');
  if (init.workers > 1) fs.writeFileSync(planPath, JSON.stringify({ globalConfig: clean, projects }));
  await setupWorker(worker);
  const setup = [globalConfig, ...configs].some(c => c.globalSetup || c.globalTeardown);
  send({
    type: 'discovered',
    version: jest.version,
    files: projects.flatMap(p => p.files.map(f => ({
      file: channel.relative(f), project: p.name, size: sizeOf(f),
    }))),
    plan_path: init.workers > 1 ? planPath : null,
    global_setup: setup,
    ordered: false,
    max_workers: serial ? 1 : 0,
  });
}

// What the first file would load, while there is nothing else to do.
async function warmUp() {
  const { config } = plan.projects[0];
  const transformer = await patchTransformer(config);
  await transformer.requireAndTranspileModule(config.testEnvironment);
  await transformer.requireAndTranspileModule(config.testRunner);
}

// ---- global set-up: once, in one process, undone in the same ------------------------------------

async function globalHook(name) {
  const { createScriptTransformer } = jest.fromRunner('@jest/transform');
  const configs = plan.projects.map(p => p.config);
  const done = new Set();
  const hooks = [...configs, plan.globalConfig].filter(c => c[name]);
  if (name === 'globalTeardown') hooks.reverse();
  for (const config of hooks) {
    const file = config[name];
    if (done.has(file)) continue;
    done.add(file);
    const owner = configs.find(c => c[name] === file) || configs[0];
    const transformer = await createScriptTransformer(owner);
    await transformer.requireAndTranspileModule(file, async hook => {
      if (typeof hook !== 'function') throw new TypeError(name + ' file must export a function at ' + file);
      await hook(plan.globalConfig, owner);
    });
  }
}

async function setup() {
  const before = { ...process.env };
  await globalHook('globalSetup');
  const env = {};
  for (const name of new Set([...Object.keys(before), ...Object.keys(process.env)])) {
    if (before[name] !== process.env[name]) env[name] = process.env[name] ?? null;
  }
  send({ type: 'setup_done', env });
}

// ---- messages ---------------------------------------------------------------------------------

const handlers = {
  init(message) {
    init = message;
    channel.setBase(init.base);
    process.env.JEST_WORKER_ID = String(init.slot);
    jest = resolveJest(init.root);
  },
  discover: (message, worker) => discover(worker()),
  async plan(message, worker) {
    for (const [name, value] of Object.entries(message.env || {})) {
      if (value === null) delete process.env[name];
      else process.env[name] = value;
    }
    takePlan(JSON.parse(fs.readFileSync(message.path, 'utf8')));
    await setupWorker(worker());
    await warmUp();
    send({ type: 'ready' });
  },
  setup,
  async teardown() {
    await globalHook('globalTeardown');
    send({ type: 'teardown_done' });
  },
  async run(message, worker) {
    for (const item of message.items) await runFile(worker(), item);
    send({ type: 'run_done', id: message.id });
  },
  stop: () => channel.end(),
};

function describeError(error) {
  // eslint-disable-next-line no-control-regex
  const text = String((error && error.message) || error).replace(/\x1b\[[0-9;]*m/g, '');
  const known = error && (error.help || error.name === 'ValidationError');
  const [, stack] = channel.splitStack((error && error.stack) || '');
  return { message: text.trim(), stack: known ? undefined : channel.clip(stack), help: error && error.help };
}

async function main() {
  send({ type: 'hello', pid: process.pid, node: process.version });
  installSend();
  let loaded = null;
  const worker = () => (loaded = loaded || loadTestWorker());
  for (;;) {
    const message = await channel.next();
    try {
      await handlers[message.type](message, worker);
      if (message.type === 'init') worker(); // hides the load behind the wait for the plan
    } catch (error) {
      send({ type: 'error', code: error && error.help ? 'infrastructure' : 'config', ...describeError(error) });
    }
  }
}

main();
