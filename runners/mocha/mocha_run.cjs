// Files in one Mocha instance: one, several short ones, or all of a suite. They are loaded one after another and
// then run; the engine is told which of them has the process. docs/design/mocha.md
'use strict';

const path = require('path');
const { createHook } = require('async_hooks');
const channel = require('./channel.cjs');
const { setTimeout: later } = globalThis;

// Serial Mocha loads all files before it runs the first, so that what a file sets going while it loads
// (a password hash, a read) is long done by then. Here files run soon: such work gets the time to end, up
// to a limit.
const SETTLE_MS = 250;

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

const attemptOf = test => (test._currentRetry || 0) + 1;

async function load(instance, files, again) {
	instance.files = files;
	if (instance.unloadFiles && again) instance.unloadFiles();
	load.generation = (load.generation || 0) + 1;
	const decorate = again ? url => url + '?again=' + load.generation : undefined;
	if (instance.loadFilesAsync) await instance.loadFilesAsync(decorate ? { esmDecorator: decorate } : undefined);
	else instance.loadFiles();
}

const LISTS = { beforeAll: '_beforeAll', beforeEach: '_beforeEach', afterEach: '_afterEach', afterAll: '_afterAll' };

/* Hooks of a suite, and those that it got afterwards. */
const countHooks = suite => Object.fromEntries(Object.entries(LISTS).map(([name, list]) => [name, suite[list].length]));
const hooksSince = (suite, count) =>
	Object.fromEntries(Object.entries(LISTS).map(([name, list]) => [name, suite[list].slice(count[name]).map(hook => hook.fn)]));

/* What `act` sets going, waited for. */
async function settled(act) {
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
		await act();
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

/*
 * `context`: base, where, test (of -t), constants (of Mocha's Runner), newMocha(reporter), settles (whether to
 * wait for what loading sets going), reload(name) (whether it was loaded before), loaded(instance, runs),
 * hooked(hook) (it has passed), covered(run), skips(run) (whether a run without tests counts as skipped).
 */
class Group {
	constructor(context, items) {
		this.context = context;
		this.runs = items.map(item => this.newRun(item));
		this.current = null; // whose tests run
		this.owners = new Map(); // suites and tests outside of any other -> run
		this.halted = ''; // the failure of a hook outside of any suite: Mocha runs nothing more
		this.instance = context.newMocha(this.reporter());
		this.preloaded = this.instance.files;
	}

	newRun(item) {
		const { base, test } = this.context;
		return {
			item, name: path.resolve(base, item.file), count: 0, failed: 0, ms: 0, since: 0, done: false,
			suites: [], // outside of any other
			hooks: {}, // outside of any suite
			waiting: 0, // of those that have something to run, not begun
			identity: new WeakMap(), number: channel.occurrences(), selected: channel.matcher(test, item.only, item.except),
			failure: undefined, // of the file itself
		};
	}

	/* False: these files cannot share an instance, each must be run by itself. */
	async run() {
		await (this.context.settles ? settled(() => this.load()) : this.load());
		if (this.runs.length > 1 && this.instance.suite.hasOnly?.()) { // `.only` that a look at the texts did not see
			this.dispose();
			return false;
		}
		this.context.loaded(this.instance, this.runs);
		for (const run of this.runs) this.select(run);
		await this.execute();
		await channel.printed();
		if (this.current) this.leave();
		for (const run of this.runs.filter(left => !left.done)) this.conclude(run);
		this.dispose();
		return true;
	}

	async execute() {
		const loaded = this.runs.filter(run => !run.failure);
		if (!loaded.some(run => run.selected.all || this.instance.suite.total() > 0)) return;
		try {
			await execute(this.instance);
		} catch (error) {
			const run = this.current || loaded[0];
			run.failure = run.failure || this.failureOf(error, 'load');
		}
	}

	// ---- loading

	async load() {
		for (const run of this.runs) {
			const { suites, tests } = this.instance.suite;
			const before = { suites: suites.length, tests: tests.length, hooks: countHooks(this.instance.suite) };
			this.begin(run);
			try {
				const files = run === this.runs[0] ? [...this.preloaded, run.name] : [run.name];
				await load(this.instance, files, this.context.reload(run));
			} catch (error) {
				run.failure = this.failureOf(error, 'load');
				suites.length = before.suites;
				tests.length = before.tests;
			}
			run.suites = suites.slice(before.suites);
			run.hooks = hooksSince(this.instance.suite, before.hooks);
			for (const own of [...run.suites, ...tests.slice(before.tests)]) this.owners.set(own, run);
			if (this.runs.length > 1) this.park(run);
		}
		this.instance.files = [...this.preloaded, ...this.runs.map(run => run.name)];
	}

	// Leave only the selected tests; suites left empty do not run their hooks.
	select(run) {
		const number = channel.occurrences();
		const keeps = test => {
			const titles = titlesOf(test);
			const occ = number(titles);
			run.identity.set(test, { path: titles, occ });
			return run.selected(titles, occ);
		};
		const prune = suite => {
			suite.tests = suite.tests.filter(keeps);
			suite.suites.forEach(prune);
			if (!run.selected.all) suite.suites = suite.suites.filter(s => s.total() > 0);
		};
		const { suite: root } = this.instance;
		root.tests = root.tests.filter(test => this.owners.get(test) !== run || keeps(test));
		run.suites.forEach(prune);
		if (!run.selected.all) root.suites = root.suites.filter(s => this.owners.get(s) !== run || s.total() > 0);
	}

	dispose() {
		try {
			this.instance.dispose();
		} catch {
			// older versions refuse after a failed load; nothing is left to dispose of
		}
	}

	// ---- which file has the process

	identityOf(run) {
		return { file: run.item.file, project: '', attempt: run.item.attempt };
	}

	begin(run) {
		run.since = channel.now();
		channel.send('file_started', this.identityOf(run));
	}

	park(run) {
		run.ms += channel.elapsed(run.since);
		this.context.covered(run);
		const { file, project } = this.identityOf(run);
		channel.sendSoon('file_loaded', { file, project });
	}

	/* A suite, test or hook of it begins. Mocha runs what is outside of any suite first, that of all files. */
	enter(run) {
		if (run === this.current || run.done) return;
		if (this.current) this.leave();
		this.current = run;
		if (this.runs.length > 1) this.begin(run);
	}

	leave() {
		if (this.current.waiting > 0) this.park(this.current);
		else this.finish(this.current);
		this.current = null;
	}

	/* Mocha is through, and never came to this one, or not to all of it. */
	conclude(run) {
		if (this.runs.length > 1) this.begin(run);
		if (!run.failure && !run.failed && run.waiting > 0)
			run.failure = this.failureOf(new Error(this.halted || 'Mocha ended before this file ran'), 'hook');
		this.finish(run);
	}

	finish(run) {
		run.done = true;
		this.context.covered(run);
		// the start of the next file, or the end of all, follows at once
		channel.sendSoon('file_finished', {
			...this.identityOf(run),
			outcome: run.failure || run.failed ? 'failed' : this.context.skips(run) && !run.count ? 'skipped' : 'passed',
			ms: Math.round((run.ms + channel.now() - run.since) * 1000) / 1000, count: run.count, failure: run.failure,
			rss_kb: channel.rssKb(),
		});
	}

	// ---- what Mocha tells

	/* A hook outside of any suite belongs to the file that runs, or is about to. */
	ownerOf(runnable) {
		let top = runnable;
		while (top.parent && !top.parent.root) top = top.parent;
		return this.owners.get(top) || this.current || this.runs.find(run => !run.done) || this.runs.at(-1);
	}

	failureOf(error, kind) {
		return channel.failureOf(error, this.context.where, { kind: kind || kindOf(error) });
	}

	identify(run, test) {
		const original = (test.retriedTest && test.retriedTest()) || test;
		let id = run.identity.get(original);
		if (!id) {
			const titles = titlesOf(original);
			run.identity.set(original, id = { path: titles, occ: run.number(titles) });
		}
		return id;
	}

	tell(run, test, message) {
		const id = this.identify(run, test);
		if (!message.will_retry) {
			if (id.told) return; // `done` called twice: the first result counts, the failure is told below
			id.told = true;
			run.count++;
			if (message.outcome === 'failed') run.failed++;
		}
		const fields = { file: run.item.file, project: '', path: id.path, occ: id.occ, ...message };
		// A pass may travel with the start of the next test; a failure stops the run and goes at once.
		if (message.outcome === 'failed') channel.send('test_finished', fields);
		else channel.sendSoon('test_finished', fields);
	}

	onFail(test, error) {
		const run = this.ownerOf(test);
		const hook = test.type === 'hook';
		const id = this.identify(run, test);
		this.enter(run);
		if (run.done || (id.told && !hook)) { // passed first, failed afterwards: late errors fail the file
			const late = run.done ? this.current || this.runs.at(-1) : run;
			late.failure = late.failure || this.failureOf(error);
			return;
		}
		if (hook) id.told = false; // an "each" hook may fail more than once
		const failure = this.failureOf(error, hook ? 'hook' : undefined);
		if (hook && test.parent.root) this.halted = `did not run, since a hook outside of any suite failed: ${failure.message}`;
		this.tell(run, test, { outcome: 'failed', ms: test.duration, attempt: attemptOf(test), failure });
	}

	// Mocha wants a reporter class; this one tells the engine.
	reporter() {
		const group = this;
		const { constants } = this.context;
		return function Reporter(runner) {
			const on = (name, act) => runner.on(constants[name], (test, error) => {
				const run = group.ownerOf(test);
				group.enter(run);
				act(run, test, error);
			});
			runner.on(constants.EVENT_RUN_BEGIN, () => {
				for (const run of group.runs) run.waiting = run.suites.filter(suite => runner.grepTotal(suite) > 0).length;
			});
			runner.on(constants.EVENT_SUITE_BEGIN, suite => {
				if (!suite.parent?.root) return;
				const run = group.ownerOf(suite);
				group.enter(run);
				run.waiting--;
			});
			runner.on(constants.EVENT_HOOK_END, hook => group.context.hooked(hook));
			on('EVENT_TEST_BEGIN', (run, test) => {
				if (test.isPending && test.isPending()) return;
				const id = group.identify(run, test);
				channel.send('test_started', { file: run.item.file, project: '', path: id.path, occ: id.occ, attempt: attemptOf(test) });
			});
			on('EVENT_TEST_END', (run, test) => { // not when it has passed: a leak is found in between
				if (test.state === 'passed') group.tell(run, test, { outcome: 'passed', ms: test.duration, attempt: attemptOf(test) });
			});
			on('EVENT_TEST_PENDING', (run, test) => group.tell(run, test, { outcome: 'skipped', attempt: 1 }));
			on('EVENT_TEST_RETRY', (run, test, error) => group.tell(run, test, {
				outcome: 'failed', ms: test.duration, attempt: attemptOf(test), will_retry: true, failure: group.failureOf(error),
			}));
			runner.on(constants.EVENT_TEST_FAIL, (test, error) => group.onFail(test, error));
		};
	}
}

module.exports = { Group, countHooks, hooksSince, load };
