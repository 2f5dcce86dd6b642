// Mocha adapter: a warm worker on Mocha's own option loader; files run in fresh Mocha instances with the
// same root hooks. Rules for what serial Mocha shares between files: docs/design/mocha.md.
'use strict';

const fs = require('fs');
const path = require('path');
const v8 = require('v8');
const { createRequire } = require('module');
const channel = require('./channel.cjs');
const { answerCoverage, tellDelta } = require('./coverage.cjs');
const { Isolation } = require('./mocha_isolate.cjs');
const { Group, countHooks, hooksSince, load } = require('./mocha_run.cjs');
require('./node_path.cjs').takeNodePath('mocha');

const send = ({ type, ...fields }) => channel.send(type, fields);

let init = null;
let where = null; // paths relative to the base
let mocha = null; // {dir, version, Mocha, lib}
let options = null;
let plugins = null; // root hooks and global fixtures of --require
let files = [];
let looked = null; // what scan() saw in them
let exclusive = null; // files with .only, when some have it
const rootHooks = { beforeAll: [], beforeEach: [], afterEach: [], afterAll: [] }; // that files define outside of any describe
const passed = new Set(); // `before` hooks of these and of --require
let tested = false; // in this process, something
const harvested = new Set(); // files that were loaded for their root hooks
const ran = new Set(); // files that were loaded to run
let fixtures = false; // global fixtures ran in this process
let isolation = null; // `isolate: file`: forgets what a file has left behind
let covered = null; // counts what is executed, when that is wanted

// ---- Mocha's own code ---------------------------------------------------------------------------

function resolveMocha(root) {
	Error.stackTraceLimit = Infinity; // as Mocha's own command line has it
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
	loaded.parallel = Boolean(loaded.parallel) && loaded.jobs !== 1;
	return loaded;
}

// As Mocha's constructor knows them, which ignores `check-leaks`. Mocha's own command line renames them behind
// loadOptions().
function camelCased(given) {
	const rename = name => name.replace(/-([a-z])/g, (_, letter) => letter.toUpperCase());
	return Object.fromEntries(Object.entries(given).map(([name, value]) => [rename(name), value]));
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
	const read = file => {
		try {
			return fs.readFileSync(file, 'utf8');
		} catch {
			return '';
		}
	};
	const result = { only: new Set(), hooks: [], before: false };
	for (const file of files) {
		const text = read(file);
		if (ONLY.test(text)) result.only.add(file);
		if (ROOT_HOOK.test(text)) result.hooks.push(file);
	}
	result.before = (options.file || []).some(file => ROOT_HOOK.test(read(path.resolve(file)))); // loaded first
	return result;
}

// Loads the files that are not `here` once to take their root hooks, and forgets them again: they are loaded
// afresh when their turn comes. A `before` of one that ran already has had its time.
async function harvestRootHooks(here) {
	if (options.parallel) return;
	for (const file of looked.hooks.filter(name => !here.has(name) && !harvested.has(name))) {
		const instance = newMocha();
		const count = countHooks(instance.suite);
		harvested.add(file);
		try {
			await load(instance, [...instance.files, file], ran.has(file));
		} catch {
			continue; // its own run tells
		}
		const { beforeAll, beforeEach, afterEach } = hooksSince(instance.suite, count);
		keepRootHooks(file, { beforeAll: ran.has(file) ? [] : beforeAll, beforeEach, afterEach });
		if (instance.unloadFiles) instance.unloadFiles();
	}
}

function keepRootHooks(file, hooks) {
	for (const [name, list] of Object.entries(hooks)) {
		rootHooks[name] = [...rootHooks[name].filter(hook => hook.file !== file), ...list.map(fn => ({ file, fn }))];
	}
}

// Serial Mocha has one instance, and each hook outside of any suite once; where files need several, the hooks are
// shared out so that they run as often. A module that several test files load makes its hooks for the first of them
// only: they are kept for the files that follow. A `before` runs once, an `after` waits until all is over.
function addRootHooks(instance, runs) {
	const own = runs.filter(run => Object.values(run.hooks).some(list => list.length));
	const isOwn = hook => own.some(run => run.name === hook.file);
	for (const name of ['beforeAll', 'beforeEach', 'afterEach']) {
		for (const hook of rootHooks[name]) if (!isOwn(hook) && !passed.has(hook.fn)) instance.suite[name](hook.fn);
	}
	if (options.parallel || isolation) return;
	for (const { name, hooks } of own) keepRootHooks(name, { ...hooks, afterAll: [] });
	if (sharesHooks()) return; // all files are in this instance
	for (const { fn } of instance.suite._afterAll.splice(0)) {
		if (!rootHooks.afterAll.some(hook => hook.fn === fn)) rootHooks.afterAll.push({ file: '', fn });
	}
}

const sharesHooks = () => !options.parallel && (looked.hooks.length > 0 || looked.before);

// Hooks of --require for the next instance.
function requiredHooks() {
	const hooks = plugins.rootHooks;
	if (!hooks || options.parallel || isolation || sharesHooks()) return hooks;
	return { ...hooks, beforeAll: (hooks.beforeAll || []).filter(fn => !passed.has(fn)) };
}

async function runAfterHooks() {
	if (!rootHooks.afterAll.length || !tested) return;
	plugins.rootHooks = {};
	const instance = newMocha(function Reporter(runner) {
		runner.on('fail', (hook, error) => {
			const { message, stack } = channel.failureOf(error, where, { kind: 'hook' });
			send({ type: 'error', code: 'tests', message: `${hook.title}: ${message}`, stack });
		});
	});
	for (const hook of rootHooks.afterAll) instance.suite.afterAll(hook.fn);
	instance.suite.addTest(new mocha.Mocha.Test('all is over', () => {}));
	await new Promise(resolve => instance.run(resolve));
}

// A look at the texts finds `.only` in comments and strings, too: loading the file tells. Null when there is none,
// or where it is an error of the file that has it.
async function findExclusive() {
	if (options['forbid-only'] || options.parallel) return null;
	const found = new Set();
	for (const file of looked.only) {
		const instance = newMocha();
		const count = countHooks(instance.suite);
		harvested.add(file);
		try {
			await load(instance, [...instance.files, file], false);
			if (options.delay || instance.suite.hasOnly()) found.add(file);
		} catch {
			continue; // its own run tells
		}
		keepRootHooks(file, hooksSince(instance.suite, count));
		if (instance.unloadFiles) instance.unloadFiles();
	}
	return found.size ? found : null;
}

// ---- files --------------------------------------------------------------------------------------

function newMocha(reporter) {
	const instance = new mocha.Mocha({
		...camelCased(options), parallel: false, isWorker: options.parallel, bail: false, fullTrace: true, rootHooks: requiredHooks(),
		reporter: reporter || function () {}, allowUncaught: false, dryRun: false, forbidOnly: Boolean(options['forbid-only']) || options.parallel,
	});
	if (instance.cleanReferencesAfterRun) instance.cleanReferencesAfterRun(true);
	for (const file of options.file || []) instance.addFile(path.resolve(file));
	return instance;
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

function tellCoverage(run) {
	if (!covered) return;
	const { file } = run.item;
	try {
		const written = covered.take() || { touched: [] };
		const touched = [...written.touched, ...neededBy(run.name)].filter(name => name !== run.name);
		tellDelta({ ...written, touched }, { file, project: '' }, where);
	} catch (error) {
		send({ type: 'notice', name: 'coverage_incomplete', severity: 'warning', file, text: String(error) });
	}
}

function groupOf(items) {
	const here = new Set(items.map(item => path.resolve(init.base, item.file)));
	return new Group({
		base: init.base, where, test: init.test, constants: mocha.Mocha.Runner.constants, newMocha,
		settles: !options.parallel,
		reload: run => run.item.attempt > 1 || ran.has(run.name) || harvested.has(run.name),
		loaded(instance, runs) {
			for (const name of here) ran.add(name);
			addRootHooks(instance, runs);
		},
		hooked(hook) {
			if (hook.parent.root && hook.parent._beforeAll.includes(hook)) passed.add(hook.fn);
		},
		covered(run) {
			tested = tested || run.count > 0;
			tellCoverage(run);
		},
		skips: run => !run.selected.all || exclusive,
	}, items);
}

// Some other file has `.only`.
function leaveOut(item) {
	const identity = { file: item.file, project: '', attempt: item.attempt };
	send({ type: 'file_started', ...identity });
	send({ type: 'file_finished', ...identity, outcome: 'skipped', ms: 0, count: 0, rss_kb: channel.rssKb() });
}

async function runAlone(item) {
	const name = path.resolve(init.base, item.file);
	if (isolation) isolation.restore();
	if (exclusive && !exclusive.has(name)) {
		leaveOut(item);
		return;
	}
	await harvestRootHooks(new Set([name]));
	await groupOf([item]).run();
}

async function runItems(items) {
	if (items.length > 1 && !exclusive && !isolation && !options.delay) {
		const here = new Set(items.map(item => path.resolve(init.base, item.file)));
		await harvestRootHooks(here);
		if (await groupOf(items).run()) return;
		for (const name of here) ran.add(name); // they must be loaded afresh
	}
	for (const item of items) await runAlone(item);
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
	exclusive = await findExclusive();
	if (init.isolate === 'file') {
		const own = [mocha.dir + path.sep, __dirname + path.sep];
		isolation = new Isolation(file => own.some(dir => file.startsWith(dir)));
	}
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
	await start();
	const shares = sharesHooks();
	const serial = shares || (!options.parallel && (wantsFixtures() || options.delay));
	if (exclusive) {
		found.notices.push({ name: 'only', text: exclusive.size + ' file(s) with `.only`: the other files run nothing' });
	}
	found.max_workers = serial || options.jobs === 1 ? 1 : 0;
	found.together = shares;
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
		await runItems(message.items);
		send({ type: 'run_done', id: message.id });
	},
	async coverage({ out }) {
		const { collect } = require('./mocha_coverage.cjs');
		await answerCoverage(out, () => collect(init.root, init.coverage));
	},
	async stop() {
		await runAfterHooks();
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
