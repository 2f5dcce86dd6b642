// The reporter that Playwright loads into the adapter's process. Tests are left out through the public
// `preprocess` (1.62 and later); before, at the first look at the loaded suite (1.60, 1.61) or through the
// dispatcher, which are private. Order and parallel mode of files are private in all versions.
'use strict';

const path = require('path');
const channel = require('./channel.cjs');
const { Artifacts } = require('./playwright_artifacts.cjs');
const { answerCoverage, tellDelta } = require('./coverage.cjs');
const send = ({ type, ...fields }) => channel.send(type, fields);
const shared = globalThis[Symbol.for('muster.playwright')];
const { init, version, core } = shared;
const where = channel.paths(init.base);
const coverage = init.coverage ? require('./playwright_coverage.cjs') : null;
const artifacts = new Artifacts(init);
const arrivals = coverage ? new coverage.Arrivals(init) : null;

function leave() {
	channel.end();
	channel.exit(0);
}

const plain = text => channel.stripAnsi(String(text === undefined ? '' : text));

const kinds = { timedOut: 'timeout', interrupted: 'error' };

function fileSuiteOf(test) {
	let suite = test.parent;
	while (suite && !(suite.type === 'file' && suite.location)) suite = suite.parent;
	return suite;
}

const fileOf = test => (fileSuiteOf(test) || test).location.file;

function projectOf(test) {
	const project = test.parent.project();
	return project ? project.name : '';
}

const isSerial = test => {
	for (let suite = test.parent; suite; suite = suite.parent) if (suite._parallelMode === 'serial') return true;
	return false;
};

const keyOf = ({ project, file }) => project + '\u0000' + file;

// What Playwright gives to a worker as one: the whole file, or in parallel mode the test, or the outermost group
// that is not parallel. `spread`: as if the file were in parallel mode.
function unitOf(test, spread) {
	let parallel = false;
	let group = null;
	for (let suite = test.parent; suite; suite = suite.parent) {
		if (suite._parallelMode === 'serial' || suite._parallelMode === 'default') group = suite;
		parallel ||= suite._parallelMode === 'parallel' || (spread && suite.type === 'file');
	}
	return parallel ? group || test : null;
}

function failureOf(test, result) {
	const errors = result.errors.length ? result.errors : result.error ? [result.error] : [];
	const first = errors[0] || {};
	const messages = errors.map(e => plain(e.message || e.value || ''));
	if (result.status === 'passed') messages.unshift('expected to fail, but passed');
	for (const attachment of result.attachments || []) {
		if (attachment.path) messages.push(attachment.name + ': ' + where.relative(attachment.path));
	}
	const text = messages.join('\n\n') || 'status ' + result.status;
	const stack = channel.splitStack(plain(first.stack), plain(first.message)).frames || undefined;
	const place = first.location
		? { file: where.relative(first.location.file), line: first.location.line, column: first.location.column }
		: channel.location(stack, where);
	const crash = /^Error: worker process exited unexpectedly/m.test(text);
	return {
		kind: crash ? 'crash' : kinds[result.status] || (/expect\(/.test(text) ? 'assertion' : 'error'),
		message: channel.bound(text), stack: stack && channel.bound(stack),
		snippet: first.snippet ? plain(first.snippet) : undefined, ...place,
	};
}

module.exports = class Reporter {
	constructor() {
		this.files = new Map(); // "project\0file" -> record
		this.ids = new Map(); // test -> {record, path, occ}
		this.errors = [];
		this.begun = false;
		this.ran = false; // a test has begun
		this.unreported = new Set(); // records that run because others need them, in another shard's name
		this.needed = null; // why tests that depend on one of those did not run
		this.lastEnd = new Map(); // workerIndex -> when its last test ended
	}

	version() {
		return 'v2';
	}

	printsToStdio() {
		return true; // or Playwright adds a reporter of its own
	}

	onConfigure(config) {
		this.config = config;
		artifacts.spare(config.projects);
		config.shard = null; // as of `--shard` in scripts: which part of the tests runs is muster's to say
		const [major, minor] = version.split('.').map(Number);
		if (major > 1 || minor >= 62 || dispatcherOf()) return;
		onLoaded(suite => {
			const left = new Set();
			this.loaded(suite, test => left.add(test));
			prune(suite, left);
		});
	}

	preprocess({ suite, testRun }) {
		this.loaded(suite, test => testRun.exclude(test));
	}

	// All tests are loaded, none has run; global set-up and web servers are up in newer versions.
	loaded(suite, exclude) {
		this.suite = suite;
		if (!suite.allTests().length) return; // onBegin tells why
		this.early = true;
		this.ask(exclude);
		for (const project of this.suite.suites) {
			project._entries?.sort?.((a, b) => this.rankOf(a.allTests()[0]) - this.rankOf(b.allTests()[0]));
		}
		if (this.ordered && !this.isArranged()) cannot('put files in order');
	}

	onBegin(configOrSuite, suite) {
		this.suite = suite || configOrSuite;
		if (suite) this.config = configOrSuite;
		if (this.begun) return;
		// Playwright begins with an empty suite before it ends a run that could not start.
		if (!this.suite.allTests().length) {
			this.handled = true;
			this.couldNotRun(this.errors.length ? 'failed' : 'passed');
			return;
		}
		const left = new Set();
		this.ask(test => left.add(test));
		const Dispatcher = dispatcherOf();
		if (Dispatcher) rearrange(Dispatcher, left, test => this.rankOf(test));
		else if (left.size || this.ordered) cannot(left.size ? 'select tests' : 'put files in order');
	}

	// The place of the test's file in the order wanted; what runs because others need it comes first.
	rankOf(test) {
		return this.ranks.get(keyOf(this.ids.get(test)?.record ?? {})) ?? -1;
	}

	isArranged() {
		return this.suite.suites.every(project => {
			const ranks = project.suites.map(file => this.rankOf(file.allTests()[0]));
			return ranks.every((rank, i) => i === 0 || ranks[i - 1] <= rank);
		});
	}

	// Tell what was found, wait for what is wanted of it, and leave the rest out.
	ask(exclude) {
		this.number();
		this.discovered([...this.files.values()]);
		const message = channel.nextSync();
		if (init.list) leave();
		const { type, id, ordered, items = [], workers } = message;
		this.begun = true;
		this.runId = id;
		this.ordered = ordered;
		this.ranks = new Map(items.map((item, i) => [keyOf(item), i]));
		if (workers > 0) this.config.workers = workers;
		// The global set-up is done by now, so a run of nothing, or a `stop`, goes on to what tears that down.
		this.idle = type !== 'run' || !this.select(items, exclude);
		if (this.idle) this.suite.allTests().forEach(exclude);
		else artifacts.take(this.suite.suites.map(project => project.project()));
	}

	discovered(records, more) {
		send({
			type: 'discovered', version,
			files: records.map(r => ({
				file: r.file, project: r.project, units: r.units?.size, spread_units: this.early ? r.spread?.size : undefined,
			})),
			plan_path: null, ordered: false, max_workers: shared.workersAreFree ? 0 : this.config?.workers || 0, ...more,
		});
	}

	number() {
		const numbers = new Map(); // of each round: repetitions are the same tests again
		const many = this.suite.suites.length > 1 || this.suite.suites.some(s => s.title);
		for (const test of this.suite.allTests()) {
			const file = where.relative(fileOf(test));
			const project = many ? projectOf(test) : '';
			const key = keyOf({ project, file });
			if (!this.files.has(key)) {
				this.files.set(key, {
					file, project, left: 0, count: 0, failed: 0, ms: 0, started: false, done: false, serial: false, tests: [],
					units: new Set(), spread: new Set(),
				});
			}
			const round = init.repeat > 0 ? test.repeatEachIndex || 0 : 0;
			const counter = round + '\u0000' + key;
			if (!numbers.has(counter)) numbers.set(counter, channel.occurrences());
			const record = this.files.get(key);
			const titles = test.titlePath().slice(3);
			this.ids.set(test, { record, path: titles, occ: numbers.get(counter)(titles), round });
			record.tests.push(test);
			record.units.add(unitOf(test, false));
			record.spread.add(unitOf(test, true));
			if (isSerial(test) && test.retries > 0) record.serial = true;
		}
	}

	// Exclude what was not asked for; true when something is left. Projects that others depend on stay
	// whole, also when the report on them is another shard's.
	select(items, exclude) {
		const wanted = new Map(items.map(i => [keyOf(i), i]));
		const needed = new Set();
		for (const project of this.config.projects) {
			for (const name of project.dependencies || []) needed.add(name);
			if (project.teardown) needed.add(project.teardown);
		}
		const named = new Map();
		const parts = new Map();
		for (const [key, item] of wanted) {
			named.set(key, channel.matcher(init.test, null, null, item.project));
			parts.set(key, channel.matcher(null, item.only, item.except));
		}
		const times = timesOf(items);
		const keep = test => {
			const { record } = this.ids.get(test);
			const key = keyOf(record);
			if (needed.has(projectOf(test)) && !this.ids.get(test).round) {
				if (!wanted.has(key)) this.unreported.add(record);
				return true;
			}
			if (init.repeat > 0) return wanted.has(key) && groupOf(test).some(t => this.isWantedAgain(t, times));
			const { path: titles, occ } = this.ids.get(test);
			const isNamed = named.get(key), tags = test.tags || []; // which --grep of Playwright sees, too
			if (!wanted.has(key) || !(isNamed(titles, occ) || isNamed([...titles, ...tags], occ))) return false;
			// Tests of a serial group need each other. Of several parts of a file, its first test says which has them all.
			const group = groupOf(test).map(t => this.ids.get(t));
			return group.slice(0, wanted.get(key).part ? 1 : undefined).some(t => parts.get(key)(t.path, t.occ));
		};
		const kept = new Set(this.suite.allTests().filter(keep));
		for (const test of this.suite.allTests()) if (!kept.has(test)) exclude(test);
		for (const test of kept) {
			const { record } = this.ids.get(test);
			record.left++;
			if (wanted.get(keyOf(record))?.spread) fileSuiteOf(test)._parallelMode = 'parallel';
		}
		if (!init.repeat) this.setRetries(items, kept);
		for (const record of this.files.values()) {
			record.tests = record.tests.filter(t => kept.has(t));
			if (!record.left && wanted.has(keyOf(record))) this.finish(record, 'skipped');
		}
		return [...kept].some(test => !this.unreported.has(this.ids.get(test).record));
	}

	isWantedAgain(test, times) {
		const { record, path: titles, occ, round } = this.ids.get(test);
		return round < (times.get(keyOf(record) + channel.keyOf(titles, occ)) || 0);
	}

	// Known flaky tests and those in quarantine have retries of their own. The engine may call all of them off later.
	setRetries(items, kept) {
		const counts = new Map();
		const quarantines = new Map();
		for (const item of items) {
			for (const { path: titles, occ, count } of item.retries || [])
				counts.set(keyOf(item) + channel.keyOf(titles, occ || 1), count);
			if (item.quarantine?.tests.length) quarantines.set(keyOf(item), item.quarantine);
		}
		let any = init.retries > 0;
		for (const test of kept) {
			const id = this.ids.get(test);
			const { record, path: titles, occ } = id;
			const quarantine = quarantines.get(keyOf(record));
			id.quarantined = Boolean(quarantine) && isMeant(quarantine.tests, record.file, titles, occ);
			const count = id.quarantined ? quarantine.count : counts.get(keyOf(record) + channel.keyOf(titles, occ));
			if (count === undefined) continue;
			any = true;
			test.retries = count;
			if (count > 0 && isSerial(test)) record.serial = true;
		}
		if (!any) return;
		channel.next().then(message => {
			if (message.type !== 'no_retries') return;
			// what was promised another attempt gets that one
			for (const test of kept) test.retries = this.ids.get(test).again ? test.results.length : 0;
		});
	}

	start(record) {
		if (record.started) return;
		record.started = true;
		send({ type: 'file_started', file: record.file, project: record.project, attempt: 1 });
	}

	onTestBegin(test, result) {
		this.ran = true;
		const { record, path, occ } = this.ids.get(test);
		if (record.done || this.unreported.has(record)) return;
		this.start(record);
		send({
			type: 'test_started', file: record.file, project: record.project, path, occ,
			attempt: attemptOf(this.ids.get(test), result), line: test.location.line, column: test.location.column,
		});
	}

	onTestEnd(test, result) {
		const id = this.ids.get(test);
		const { record, path, occ } = id;
		if (record.done) return;
		if (this.unreported.has(record)) {
			if (!test.ok() && result.retry >= test.retries)
				this.needed = `${test.title} failed, and with it the project ${projectOf(test)}, which this one depends on`;
			return;
		}
		this.start(record);
		this.account(record, result);
		const skipped = result.status === 'skipped';
		const ok = skipped || result.status === test.expectedStatus;
		if (result.status === 'interrupted') return; // stopped from outside: no result
		const again = result.retry < test.retries && (skipped ? test.expectedStatus !== 'skipped' : !ok);
		const retry = again && !skipped;
		send({
			type: 'test_finished', file: record.file, project: record.project, path, occ,
			attempt: attemptOf(id, result), outcome: skipped ? 'skipped' : ok ? 'passed' : 'failed', ms: result.duration,
			will_retry: retry || undefined, line: test.location.line, column: test.location.column,
			failure: ok ? undefined : failureOf(test, result),
		});
		id.again = again;
		id.promised = retry ? failureOf(test, result) : null;
		if (retry) return;
		record.count++;
		if (again) return; // left out since a hook, or the worker, failed: it runs when that is tried again
		if (!ok) record.failed++;
		if (!id.final) {
			id.final = true;
			record.left--;
		}
		if (coverage && this.allDone()) coverage.flushServers(init.coverage);
		if (!record.left && !record.serial) this.finish(record);
	}

	// The wall time that a file took from its workers: fixtures and browser starts included, but not the start of
	// the worker, which is none of the file that happens to be the first.
	account(record, result) {
		const now = Date.now();
		const since = this.lastEnd.get(result.workerIndex) ?? +result.startTime;
		this.lastEnd.set(result.workerIndex, now);
		record.ms += Math.max(now - since, result.duration);
	}

	allDone() {
		return [...this.files.values()].every(record => !record.left);
	}

	// What workers have seen in pages belongs to the file whose test opened them.
	tellCoverage(record) {
		for (const { test, ...written } of arrivals.take()) {
			const owner = [...this.files.values()].find(r => test && !r.done && r.file === where.relative(test)) || record;
			// nothing seen is no answer: the server behind the page may have been used
			const touched = written.touched.length ? written.touched : undefined;
			tellDelta({ ...written, touched }, { file: owner.file, project: owner.project }, where);
		}
	}

	finish(record, outcome, failure) {
		if (record.done) return;
		this.start(record);
		if (coverage) this.tellCoverage(record);
		record.done = true;
		send({
			type: 'file_finished', file: record.file, project: record.project, attempt: 1,
			outcome: outcome || (record.failed || failure ? 'failed' : 'passed'), ms: record.ms,
			count: record.count, failure,
		});
	}

	output(stream, chunk, test) {
		const id = test && this.ids.get(test);
		if (!id || id.record.done || this.unreported.has(id.record)) {
			(stream === 'stderr' ? process.stderr : process.stdout).write(chunk);
			return;
		}
		send({
			type: 'output', file: id.record.file, project: id.record.project, path: id.path, occ: id.occ, stream,
			text: String(chunk),
		});
	}

	onStdOut(chunk, test) {
		this.output('stdout', chunk, test);
	}

	onStdErr(chunk, test) {
		this.output('stderr', chunk, test);
	}

	onError(error) {
		this.errors.push(error);
	}

	// Before the last word: this process leaves afterwards.
	collectCoverage() {
		const out = `${init.coverage.folder}.json`;
		return answerCoverage(out, () => coverage.collect(init.root, init.coverage));
	}

	async onEnd(result) {
		artifacts.leave();
		if (this.handled) return;
		if (!this.begun) {
			this.couldNotRun(result.status);
			return;
		}
		if (this.idle) {
			this.errors = this.errors.filter(error => !isNoTests(error));
			if (this.runId === undefined) return; // stopped: nobody asks any more
			if (this.errors.length) this.tellErrors('tests');
			send({ type: 'run_done', id: this.runId });
			return;
		}
		const broken = this.ran ? [] : this.broken();
		for (const record of broken) send({ type: 'load_failed', ...record.failure });
		for (const record of this.files.values()) {
			if (broken.length || record.done || !record.tests.length || this.unreported.has(record)) continue;
			if (result.status === 'interrupted') continue; // the engine knows why
			for (const test of record.tests) this.neverRan(test);
			this.finish(record);
		}
		if (result.status === 'failed' && !broken.length) this.refuseFlaky();
		if (this.errors.length && !broken.length) this.tellErrors('tests');
		if (coverage && result.status !== 'interrupted') await this.collectCoverage();
		// Playwright runs nothing when one file does not load; the others run without it
		send({ type: 'run_done', id: this.runId, again: broken.length > 0 || undefined });
	}

	// Playwright gave up on it: a project it depends on failed, or a limit was reached.
	neverRan(test) {
		const id = this.ids.get(test);
		if (id.final) return;
		this.start(id.record);
		id.record.count++;
		const failure = this.needed ? { kind: 'error', message: this.needed } : id.promised;
		if (failure) id.record.failed++;
		send({
			type: 'test_finished', file: id.record.file, project: id.record.project, path: id.path, occ: id.occ,
			attempt: 1, outcome: failure ? 'failed' : 'skipped', failure: failure || undefined,
		});
	}

	// `failOnFlakyTests`, of the configuration or the command line: then a run fails whose tests all passed at last.
	refuseFlaky() {
		const tests = this.suite.allTests();
		if (!this.config.failOnFlakyTests && tests.some(test => test.outcome() === 'unexpected')) return;
		const flaky = tests.filter(test => test.outcome() === 'flaky' && !this.ids.get(test).quarantined);
		if (this.errors.length || !flaky.length) return;
		const names = flaky.map(test => `${where.relative(fileOf(test))} › ${this.ids.get(test).path.join(' › ')}`);
		this.errors.push({ message: `flaky, which failOnFlakyTests does not let pass: ${names.join(', ')}` });
	}

	tellErrors(code) {
		const text = this.errors.map(e => plain(e.message || e.value) + (e.snippet ? '\n' + plain(e.snippet) : ''));
		send({ type: 'error', code, message: text.join('\n\n') || 'Playwright failed without a message' });
	}

	// Files that the errors name, which are not the configuration: records with their failure.
	broken() {
		const broken = new Map();
		for (const error of this.errors) {
			const at = error.location || channel.location(plain(error.stack), where);
			if (!at.file) continue;
			const file = at.file.startsWith('/') ? where.relative(at.file) : at.file;
			if (/playwright\.config\./.test(file) || broken.has(file)) continue;
			const text = plain(error.message || error.value) + (error.snippet ? '\n\n' + plain(error.snippet) : '');
			broken.set(file, {
				file, project: '', count: 0, failed: 0, ms: 0, tests: [],
				failure: { kind: 'load', message: channel.bound(text), file, line: at.line, column: at.column },
			});
		}
		return [...broken.values()];
	}

	// Nothing could be run: specs that do not load are files that failed; the rest is configuration.
	couldNotRun(status) {
		const none = this.errors.length > 0 && this.errors.every(isNoTests);
		if (none || status === 'passed') {
			this.discovered([]);
			return;
		}
		const broken = this.broken();
		if (!broken.length) {
			this.tellErrors('config');
			return;
		}
		this.discovered(broken);
		const message = channel.nextSync();
		if (message.type !== 'run') leave();
		for (const record of broken) this.finish(record, 'failed', record.failure);
		send({ type: 'run_done', id: message.id });
	}

	onExit() {
		leave();
	}
};

const isNoTests = error => /^(Error: )?No tests found/.test(plain(error.message));

// Repetitions have no retries: each is an attempt.
const attemptOf = (id, result) => (init.repeat > 0 ? id.round : result.retry) + 1;

// How often each test is wanted, when tests run more than once.
function timesOf(items) {
	const times = new Map();
	for (const item of items) {
		for (const { path: titles, occ, times: n } of item.only || [])
			times.set(keyOf(item) + channel.keyOf(titles, occ || 1), n || 1);
	}
	return times;
}

// Tests of a serial group belong together.
function groupOf(test) {
	let serial = null;
	for (let suite = test.parent; suite; suite = suite.parent) if (suite._parallelMode === 'serial') serial = suite;
	return serial ? serial.allTests() : [test];
}

// Does quarantine.yaml mean this test? Its texts, null = all of the file; core/flaky/quarantine.c does the same.
function isMeant(texts, file, titles, occ) {
	const text = titles.join(' › ') + (occ > 1 ? ` #${occ}` : '');
	return texts.some(t => t === null || t === text || t === `${file} › ${text}`);
}

// Fatal for the suite: the engine ends this process.
function cannot(what) {
	channel.fail(new Error(`this version of Playwright (${version}) cannot ${what}`));
	channel.nextSync();
	leave();
}

// Right after all is loaded Playwright looks whether there are any tests.
function onLoaded(fn) {
	const { Suite } = require(path.join(core, 'lib/common/index.js')).test;
	const { allTests } = Suite.prototype;
	Suite.prototype.allTests = function firstLook() {
		if (this._type === 'root') {
			Suite.prototype.allTests = allTests;
			fn(this);
		}
		return allTests.call(this);
	};
}

function prune(suite, left) {
	suite._entries = suite._entries.filter(entry => (entry._entries ? prune(entry, left) : !left.has(entry)));
	return suite._entries.length > 0;
}

function dispatcherOf() {
	try {
		return require(path.join(core, 'lib/runner/dispatcher.js')).Dispatcher;
	} catch {
		return null;
	}
}

// Playwright before 1.62 has made its groups of tests by now: they lose what is not wanted, and are put in order.
function rearrange(Dispatcher, left, rankOf) {
	const { run } = Dispatcher.prototype;
	Dispatcher.prototype.run = function runSelected(groups, ...rest) {
		for (const group of groups) group.tests = group.tests.filter(test => !left.has(test));
		const chosen = groups.filter(group => group.tests.length);
		const projects = [...new Set(chosen.map(group => group.projectId))];
		const place = group => [projects.indexOf(group.projectId), rankOf(group.tests[0])];
		const places = new Map(chosen.map(group => [group, place(group)]));
		chosen.sort((a, b) => places.get(a)[0] - places.get(b)[0] || places.get(a)[1] - places.get(b)[1]);
		return run.call(this, chosen, ...rest);
	};
}
