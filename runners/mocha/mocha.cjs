// Mocha adapter: a warm worker on Mocha's own option loader; each file runs in a fresh Mocha instance
// with the same root hooks. Rules for what serial Mocha shares between files: docs/design/mocha.md.
'use strict';

const fs = require('fs');
const path = require('path');
const v8 = require('v8');
const { createHook } = require('async_hooks');
const { createRequire } = require('module');
const channel = require('./channel.cjs');
const { answerCoverage, tellDelta } = require('./coverage.cjs');
const { Isolation } = require('./mocha_isolate.cjs');
const send = ({ type, ...fields }) => channel.send(type, fields);

let init = null;
let where = null; // paths relative to the base
let mocha = null; // {dir, version, Mocha, lib}
let options = null;
let plugins = null; // root hooks and global fixtures of --require
let files = [];
let looked = null; // what scan() saw in them
let exclusive = null; // files with .only, when some have it
let rootHooks = null; // hooks that test files define outside of any describe
const harvested = new Set(); // files that were loaded for their root hooks
let fixtures = false; // global fixtures ran in this process
let generation = 0;
let isolation = null; // `isolate: file`: forgets what a file has left behind
let covered = null; // counts what is executed, when that is wanted

// ---- Mocha's own code ---------------------------------------------------------------------------

function resolveMocha(root) {
  const fromRoot = createRequire(path.join(root, 'package.json'));
  let file;
  try {
    file = fromRoot.resolve('mocha/package.json');
  } catch {
    const error = new Error('mocha is not installed in ' + root);
    error.help = 'npm install --save-dev mocha';
    throw error;
  }
  const dir = path.dirname(file);
  const lib = name => { // internals were renamed to .cjs in 12
    for (const extension of ['.cjs', '.js']) {
      const candidate = path.join(dir, 'lib', name + extension);
      if (fs.existsSync(candidate)) return require(candidate);
    }
    throw new Error('this version of mocha has no lib/' + name);
  };
  return { dir, version: require(file).version, lib, Mocha: lib('mocha') };
}

function loadOptions() {
  const args = [...init.args];
  if (init.config) args.push('--config', init.config);
  const loaded = mocha.lib('cli/options').loadOptions(args);
  if (init.files.length) {
    loaded._ = [...init.files];
    delete loaded.spec;
  }
  return loaded;
}

// Flags that belong to node itself, from the command line, .mocharc and `node-option`.
function nodeOptions() {
  const { isNodeFlag, unparseNodeFlags } = mocha.lib('cli/node-flags');
  const flags = {};
  for (const name of Object.keys(options)) {
    if (isNodeFlag(name)) flags[name.replace(/^v8-(?!options)/, '')] = options[name];
  }
  const own = (options['node-option'] || []).map(v => (v.startsWith('-') ? v : '--' + v));
  return [...own, ...(Object.keys(flags).length ? unparseNodeFlags(flags) : [])];
}

function collect() {
  const collectFiles = mocha.lib('cli/collect-files');
  const spec = options._ && options._.length ? options._ : ['./test'];
  const exit = process.exit;
  let found;
  process.exit = code => { // Mocha ends the process when a pattern matches nothing
    throw Object.assign(new Error('mocha found no test files for ' + spec.join(' ')), { code });
  };
  try {
    found = collectFiles({
      ignore: options.ignore || [], extension: options.extension || [], file: [],
      recursive: Boolean(options.recursive), sort: Boolean(options.sort), spec,
      allowEmpty: true,
    });
  } finally {
    process.exit = exit;
  }
  return (Array.isArray(found) ? found : found.files || []).map(f => path.resolve(f));
}

async function loadRequires() {
  const helpers = mocha.lib('cli/run-helpers');
  plugins = await helpers.handleRequires(options.require || []) || {};
  const validate = helpers.validateLegacyPlugin || helpers.validatePlugin;
  if (validate) validate(options, 'ui', mocha.Mocha.interfaces);
}

// ---- what serial Mocha shares between files -----------------------------------------------------

const ONLY = /\b(?:describe|context|suite|it|specify|test)\.only\s*\(/;
const ROOT_HOOK = /^(?:before|after|beforeEach|afterEach|suiteSetup|suiteTeardown|setup|teardown)\s*\(/m;

// Serial Mocha loads every file before it runs one: `.only` and hooks outside of any describe reach
// all files. A look at the texts tells whether that matters here.
function scan() {
  const result = { only: new Set(), hooks: [] };
  for (const file of files) {
    let text;
    try {
      text = fs.readFileSync(file, 'utf8');
    } catch {
      continue;
    }
    if (ONLY.test(text)) result.only.add(file);
    if (ROOT_HOOK.test(text)) result.hooks.push(file);
  }
  return result;
}

const kindsOfHooks = { beforeAll: '_beforeAll', beforeEach: '_beforeEach', afterEach: '_afterEach' };

// Loads each of these files once to take its root hooks, and forgets it again: it is loaded afresh
// when its turn comes.
async function harvestRootHooks(hookFiles) {
  rootHooks = { beforeAll: [], beforeEach: [], afterEach: [] };
  for (const file of hookFiles) {
    const instance = newMocha();
    const root = instance.suite;
    const plain = Object.fromEntries(Object.entries(kindsOfHooks).map(([name, list]) => [name, root[list].length]));
    instance.addFile(file);
    try {
      await load(instance);
    } catch {
      continue; // its own run tells
    }
    for (const [name, list] of Object.entries(kindsOfHooks)) {
      for (const hook of root[list].slice(plain[name])) rootHooks[name].push({ file, fn: hook.fn });
    }
    if (instance.unloadFiles) instance.unloadFiles();
    harvested.add(file);
  }
}

// Hooks of other files; a file's own are there already. A root `before` runs once.
function addRootHooks(instance, file) {
  if (!rootHooks) return;
  const foreign = name => rootHooks[name].filter(hook => hook.file !== file);
  for (const hook of foreign('beforeAll')) instance.suite.beforeAll(hook.fn);
  rootHooks.beforeAll = [];
  for (const hook of foreign('beforeEach')) instance.suite.beforeEach(hook.fn);
  for (const hook of foreign('afterEach')) instance.suite.afterEach(hook.fn);
}

// ---- one file -----------------------------------------------------------------------------------

function titlesOf(runnable) {
  const titles = [];
  for (let node = runnable; node; node = node.parent) if (node.title) titles.unshift(node.title);
  return titles.length ? titles : ['(no title)'];
}

function kindOf(error) {
  if (error && (error.code === 'ERR_MOCHA_TIMEOUT' || /^Timeout of \d+ms exceeded/.test(error.message))) {
    return 'timeout';
  }
  if (error && (error.name === 'AssertionError' || error.code === 'ERR_ASSERTION' || 'expected' in Object(error))) {
    return 'assertion';
  }
  return 'error';
}

function failureOf(error, kind) {
  return channel.failureOf(error, where, { kind: kind || kindOf(error) });
}

// Mocha wants a reporter class; this one tells the engine.
function reporterFor(run) {
  return function Reporter(runner) {
    const { constants } = mocha.Mocha.Runner;
    const identify = test => {
      const original = (test.retriedTest && test.retriedTest()) || test;
      let id = run.identity.get(original);
      if (!id) {
        const titles = titlesOf(original);
        run.identity.set(original, id = { path: titles, occ: run.number(titles) });
      }
      return id;
    };
    const attempt = test => (test._currentRetry || 0) + 1;
    const tell = (test, message) => {
      const id = identify(test);
      if (!message.will_retry) {
        if (id.told) return; // `done` called twice: the first result counts, the failure is told below
        id.told = true;
        run.count++;
        if (message.outcome === 'failed') run.failed++;
      }
      const fields = { file: run.file, project: '', path: id.path, occ: id.occ, ...message };
      // A pass may travel with the start of the next test; a failure stops the run and goes at once.
      if (message.outcome === 'failed') channel.send('test_finished', fields);
      else channel.sendSoon('test_finished', fields);
    };
    runner.on(constants.EVENT_TEST_BEGIN, test => {
      if (test.isPending && test.isPending()) return;
      const id = identify(test);
      send({
        type: 'test_started', file: run.file, project: '', path: id.path, occ: id.occ, attempt: attempt(test),
      });
    });
    runner.on(constants.EVENT_TEST_PASS, test => tell(test, {
      outcome: 'passed', ms: test.duration, attempt: attempt(test),
    }));
    runner.on(constants.EVENT_TEST_PENDING, test => tell(test, { outcome: 'skipped', attempt: 1 }));
    runner.on(constants.EVENT_TEST_RETRY, (test, error) => tell(test, {
      outcome: 'failed', ms: test.duration, attempt: attempt(test), will_retry: true, failure: failureOf(error),
    }));
    runner.on(constants.EVENT_TEST_FAIL, (test, error) => {
      const hook = test.type === 'hook';
      const id = identify(test);
      if (id.told && !hook) { // passed first, failed afterwards: late errors fail the file
        run.late = run.late || failureOf(error);
        return;
      }
      if (hook) id.told = false; // an "each" hook may fail more than once
      tell(test, {
        outcome: 'failed', ms: test.duration, attempt: attempt(test),
        failure: failureOf(error, hook ? 'hook' : undefined),
      });
    });
  };
}

function newMocha(reporter) {
  const instance = new mocha.Mocha({
    ...options, parallel: false, bail: false, fullTrace: true, reporter: reporter || function () {}, forbidOnly: options.forbidOnly,
    rootHooks: plugins.rootHooks, color: options.color,
  });
  if (instance.cleanReferencesAfterRun) instance.cleanReferencesAfterRun(true);
  for (const file of options.file || []) instance.addFile(path.resolve(file));
  return instance;
}

async function load(instance, again) {
  if (instance.unloadFiles && again) instance.unloadFiles();
  generation++;
  const decorate = again ? url => url + '?again=' + generation : undefined;
  if (instance.loadFilesAsync) await instance.loadFilesAsync(decorate ? { esmDecorator: decorate } : undefined);
  else instance.loadFiles();
}

// Leave only the selected tests; suites left empty do not run their hooks.
function select(instance, run) {
  const number = channel.occurrences();
  (function walk(suite) {
    suite.tests = suite.tests.filter(test => {
      const titles = titlesOf(test);
      const occ = number(titles);
      run.identity.set(test, { path: titles, occ });
      return run.selected(titles, occ);
    });
    suite.suites.forEach(walk);
    if (!run.selected.all) suite.suites = suite.suites.filter(s => s.total() > 0);
  })(instance.suite);
}

// Serial Mocha loads all files before it runs the first, so that what a file sets going while it loads
// (a password hash, a read) is long done by then. Here the file runs at once: such work gets the
// time to end, up to a limit.
const SETTLE_MS = 250;
const { setTimeout: later } = globalThis;

async function loadAndSettle(instance, again) {
  const pending = new Set();
  const forget = id => pending.delete(id);
  const hook = createHook({
    init(id, type) {
      if (type.includes('REQ')) pending.add(id);
    },
    after: forget,
    destroy: forget,
  }).enable();
  try {
    await load(instance, again);
    const loaded = channel.now();
    while (pending.size && channel.now() - loaded < SETTLE_MS) await new Promise(resolve => later(resolve, 1));
  } finally {
    hook.disable();
  }
}

const unwanted = ['uncaughtException', 'unhandledRejection'];

async function execute(instance) {
  const before = new Map(unwanted.map(name => [name, process.listeners(name)]));
  await new Promise(resolve => instance.run(resolve));
  for (const [name, kept] of before) {
    for (const listener of process.listeners(name)) {
      if (!kept.includes(listener)) process.removeListener(name, listener);
    }
  }
}

// Modules are loaded once for all files: the code at their top level ran for the first of them, and belongs to
// each that needs them.
function neededBy(file) {
  const seen = new Set();
  (function walk(name) {
    for (const child of require.cache[name]?.children || []) {
      if (seen.has(child.id) || /[\\/]node_modules[\\/]/.test(child.id)) continue;
      seen.add(child.id);
      walk(child.id);
    }
  })(file);
  return [...seen];
}

function tellCoverage(item, file) {
  if (!covered) return;
  try {
    const written = covered.take() || { touched: [] };
    const touched = [...written.touched, ...neededBy(file)].filter(name => name !== file);
    tellDelta({ ...written, touched }, { file: item.file, project: '' }, where);
  } catch (error) {
    send({ type: 'notice', name: 'coverage_incomplete', severity: 'warning', file: item.file, text: String(error) });
  }
}

async function runFile(item) {
  const file = path.resolve(init.base, item.file);
  const run = {
    file: item.file, count: 0, failed: 0, identity: new WeakMap(), number: channel.occurrences(),
    selected: channel.matcher(init.test, item.only, item.except),
  };
  if (isolation) isolation.restore();
  const started = channel.now();
  let failure;
  send({ type: 'file_started', file: item.file, project: '', attempt: item.attempt });
  if (!exclusive || exclusive.has(file)) {
    const instance = newMocha(reporterFor(run));
    try {
      instance.addFile(file);
      await (options.parallel ? load : loadAndSettle)(instance, item.attempt > 1 || harvested.has(file));
      addRootHooks(instance, file);
      select(instance, run);
      if (run.selected.all || instance.suite.total() > 0) await execute(instance);
    } catch (error) {
      failure = failureOf(error, 'load');
    }
    try {
      instance.dispose();
    } catch {
      // older versions refuse after a failed load; nothing is left to dispose of
    }
  }
  failure = failure || run.late;
  tellCoverage(item, file);
  const skipped = (!run.selected.all || exclusive) && !run.count;
  await channel.printed();
  send({
    type: 'file_finished', file: item.file, project: '', attempt: item.attempt,
    outcome: failure || run.failed ? 'failed' : skipped ? 'skipped' : 'passed',
    ms: channel.elapsed(started), count: run.count, failure,
    rss_kb: channel.rssKb(),
  });
}

// ---- messages -----------------------------------------------------------------------------------

function prepare(known) {
  options = known ? known.options : loadOptions();
  files = known ? known.files : collect();
  looked = known ? known.looked : null;
  if (options.parallel) process.env.MOCHA_WORKER_ID = String(init.slot - 1);
}

// What discovery found out, for the workers that follow: they need not look again. Null when the options
// hold what cannot be copied (functions of a .mocharc.js).
function writePlan() {
  const file = path.join(init.cache_dir, 'mocha-plan');
  try {
    fs.writeFileSync(file, v8.serialize({ options, files, looked }));
    return file;
  } catch {
    return null;
  }
}

async function runGlobal(name) {
  for (const fixture of plugins[name] || []) await fixture.call(runGlobal.context = runGlobal.context || {});
}

const wantsFixtures = () => Boolean((plugins.globalSetup || []).length || (plugins.globalTeardown || []).length);

function sizeOf(file) {
  try {
    return fs.statSync(file).size;
  } catch {
    return undefined;
  }
}

async function start() {
  looked = looked || scan();
  if (init.coverage) covered = await require('./mocha_coverage.cjs').open(init.root, init.coverage);
  await loadRequires();
  const { only, hooks } = looked;
  if (only.size) exclusive = only;
  if (hooks.length && !options.parallel) await harvestRootHooks(hooks);
  if (init.isolate === 'file') {
    const own = [mocha.dir + path.sep, __dirname + path.sep];
    isolation = new Isolation(file => own.some(dir => file.startsWith(dir)));
  }
  return { only, hooks };
}

async function discover() {
  prepare(null);
  const flags = nodeOptions();
  const missing = flags.filter(flag => !process.execArgv.includes(flag));
  const found = {
    type: 'discovered', version: mocha.version,
    files: files.map(f => ({ file: where.relative(f), project: '', size: sizeOf(f) })),
    plan_path: null, node_options: flags, ordered: !options.parallel, notices: [],
  };
  if (missing.length) { // the engine starts over with them: nothing may be loaded without
    send(found);
    return;
  }
  looked = scan();
  found.plan_path = writePlan(); // before anything of the project can change the options
  const { only, hooks } = await start();
  const serial = !options.parallel && (hooks.length > 0 || wantsFixtures() || options.delay);
  if (only.size) {
    found.notices.push({ name: 'only', text: only.size + ' file(s) with `.only`: the other files run nothing' });
  }
  found.max_workers = serial || options.jobs === 1 ? 1 : 0;
  found.global_setup = Boolean(options.parallel) && wantsFixtures();
  send(found);
}

const answers = {
  init(message) {
    init = message;
    where = channel.paths(init.base);
    channel.matcher(init.test, null); // a bad expression is an error now, not in each file
    mocha = resolveMocha(init.root);
  },
  discover,
  async plan(message) {
    for (const [name, value] of Object.entries(message.env || {})) {
      if (value === null) delete process.env[name];
      else process.env[name] = value;
    }
    prepare(message.path ? v8.deserialize(fs.readFileSync(message.path)) : null);
    await start();
    send({ type: 'ready' });
  },
  async setup() {
    const before = { ...process.env };
    await runGlobal('globalSetup');
    const env = {};
    for (const name of new Set([...Object.keys(before), ...Object.keys(process.env)])) {
      if (before[name] !== process.env[name]) env[name] = process.env[name] ?? null;
    }
    send({ type: 'setup_done', env });
  },
  async teardown() {
    await runGlobal('globalTeardown');
    send({ type: 'teardown_done' });
  },
  async run(message) {
    if (!fixtures && !options.parallel && wantsFixtures()) {
      fixtures = true;
      await runGlobal('globalSetup');
    }
    for (const item of message.items) await runFile(item);
    send({ type: 'run_done', id: message.id });
  },
  async coverage({ out }) {
    const { collect } = require('./mocha_coverage.cjs');
    await answerCoverage(out, () => collect(init.root, init.coverage));
  },
  async stop() {
    if (fixtures) await runGlobal('globalTeardown');
    channel.end();
    channel.exit(0);
  },
};

async function main() {
  send({ type: 'hello', pid: process.pid, node: process.version });
  for (;;) {
    const message = await channel.next();
    try {
      await answers[message.type](message);
    } catch (error) {
      channel.fail(error, error && error.help);
    }
  }
}

main();
