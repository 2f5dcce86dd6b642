// Runs one file at a time in this process, as one of Jest's own workers would.
'use strict';

const path = require('path');
const {
	bound, elapsed, keyOf, location, matcher, now, print, printed, rssKb, send, sendSoon,
} = require('./channel.cjs');
const { Deltas } = require('./coverage.cjs');
const { sendCoverage } = require('./jest_coverage.cjs');
const { failureFrom, failureFromText, loadFailure } = require('./jest_failure.cjs');
const { FileReport } = require('./jest_report.cjs');
const { shareScripts, shareSources } = require('./jest_scripts.cjs');

const OUTPUT_MAX = 1024 * 1024; // characters of console output in one message
const STDERR_CALLS = new Set(['error', 'warn', 'assert']);
const FAULTS = ['uncaughtException', 'unhandledRejection'];

/* The report of the file that is running: environments hand their events to it. */
let current = null;
let lastPlace = null;

/* Every environment, also custom ones and those of docblocks, tells us the events of circus. */
function tap(environment) {
	const report = current;
	if (!report)
		return environment;
	report.environment = environment;
	const own = environment.handleTestEvent;
	environment.handleTestEvent = function handleTestEvent(event, state) {
		report.observe(event, state);
		return own?.call(environment, event, state);
	};
	return environment;
}

const tapped = new WeakMap();
function tapClass(Environment) {
	if (!tapped.has(Environment))
		tapped.set(Environment, new Proxy(Environment, {
			construct: (target, args, newTarget) => tap(Reflect.construct(target, args, newTarget)),
		}));
	return tapped.get(Environment);
}

function isEnvironment(loaded, name) {
	return typeof loaded === 'function' &&
		(typeof loaded.prototype?.getVmContext === 'function' || name === current?.context.config.testEnvironment);
}

/* Environments are loaded through @jest/transform, whose class is reached through an instance only. */
async function tapEnvironments(modules, config) {
	const transformer = await modules.loadForRunner('@jest/transform').createScriptTransformer(config, new Map());
	const prototype = Object.getPrototypeOf(transformer);
	const { requireAndTranspileModule } = prototype;
	prototype.requireAndTranspileModule = async function requireModule(name, ...rest) {
		shareSources(this._cacheFS);
		const loaded = await requireAndTranspileModule.call(this, name, ...rest);
		return current && isEnvironment(loaded, name) ? tapClass(loaded) : loaded;
	};
}

/*
 * Errors that no circus catches. Jest's worker would end and be replaced; this one stays. Between the last hook
 * of a file and its result the file has failed, as in Jest; later, or from another test file, it is a notice,
 * which fails the run where the project wants one process: that would be Jest itself.
 */
function survive(error) {
	const text = textOf(error);
	const file = lastPlace && (location(text, lastPlace.where).file ?? lastPlace.file);
	process.stderr.write(`${text}\n`);
	if (current?.ended && (file === lastPlace.file || !lastPlace.isTest(file))) {
		current.fail(failureFrom([error], current.context));
		return;
	}
	send('notice', {
		file, name: 'late_error', severity: lastPlace?.inBand ? 'error' : 'warning',
		text: `an error after the tests of this file had finished: ${text}`,
	});
}

/* Whatever was thrown, also what cannot be looked at. */
function textOf(error) {
	try {
		return bound(error?.stack || String(error));
	} catch {
		return print(error);
	}
}

class Runner {
	constructor(modules, plan, { where, test, coverage }) {
		this.modules = modules;
		this.plan = plan;
		this.where = where;
		this.test = test;
		this.projects = new Map(plan.projects.map(project => [project.name, project]));
		this.paths = new Map(plan.files.map(file => [`${file.project}\0${file.file}`, file.path]));
		this.names = new Set(plan.files.map(({ file }) => file));
		this.customRunners = new Map();
		this.deltas = coverage ? new Deltas(coverage.folder) : null;
	}

	async prepare() {
		this.worker = require(path.join(this.modules.runnerFolder, 'build/testWorker.js'));
		this.messageUtil = this.modules.loadForRunner('jest-message-util');
		await this.worker.setup({
			serializableResolvers: this.plan.projects.map(
				({ config, moduleMap }) => ({ config, serializableModuleMap: moduleMap })),
		});
		if (this.plan.projects.length)
			await tapEnvironments(this.modules, this.plan.projects[0].config);
		// V8 counts a script's functions over all realms: sharing scripts would blur what a file has done.
		if (!this.deltas || this.plan.globalConfig.coverageProvider !== 'v8')
			shareScripts(this.modules);
		// Jest's workers have an IPC channel and talk to their parent through it; ours are observed.
		process.send ??= (...words) => {
			if (typeof words.at(-1) === 'function')
				setImmediate(words.at(-1), null);
			return true;
		};
		this.resetFaults();
	}

	/* A file that fails to load leaves the fault handlers of its own, dead circus behind. */
	resetFaults() {
		for (const name of FAULTS) {
			process.removeAllListeners(name);
			process.on(name, survive);
		}
	}

	async run(item) {
		const started = now();
		const { file, project } = item;
		const identity = { file, project };
		sendSoon('file_started', { ...identity, attempt: item.attempt });
		const report = this.newReport(item);
		current = report;
		lastPlace = { file, where: this.where, isTest: name => this.names.has(name), inBand: this.plan.inBand };
		try {
			const result = await this.execute(item, report);
			report.releaseAll();
			this.judge(result, report);
			sendConsole(result.console, identity);
			if (this.deltas)
				sendCoverage(this.deltas, result, identity, this.where);
		} catch (error) {
			report.releaseAll();
			report.fail(loadFailure(error, report.context));
		}
		current = null;
		this.resetFaults();
		this.checkSelection(item, report);
		await printed();
		sendSoon('file_finished', {
			...identity, attempt: item.attempt, outcome: report.outcome(), ms: elapsed(started),
			count: report.count, failure: report.failure ?? undefined, rss_kb: rssKb(),
		});
	}

	/* Tests set it, and Jest, when something is loaded after the end of its file; it is that of Jest in one process. */
	tellExitCode() {
		if (this.plan.inBand && Number(process.exitCode) !== 0 && process.exitCode !== undefined)
			send('notice', {
				name: 'exit_code', severity: 'error',
				text: `tests left process.exitCode at ${process.exitCode}, with which Jest in one process would end`,
			});
	}

	newReport(item) {
		const config = this.projects.get(item.project)?.config ?? this.plan.projects[0]?.config;
		return new FileReport({
			file: item.file,
			project: item.project,
			selects: matcher(this.test, item.only, item.except, item.project),
			location,
			context: {
				config, where: this.where, messageUtil: this.messageUtil,
				path: this.pathOf(item),
			},
		});
	}

	pathOf({ file, project }) {
		return this.paths.get(`${project}\0${file}`) ?? this.where.absolute(file);
	}

	execute(item, report) {
		const project = this.projects.get(item.project);
		if (!project)
			throw new Error(`unknown project "${item.project}"`);
		const { config } = project;
		const globalConfig = this.globalConfigFor(config, report, item);
		if (!isJestRunner(config.runner))
			return this.executeCustom(project, item, globalConfig);
		return this.worker.worker({ config, globalConfig, path: this.pathOf(item), context: {} });
	}

	/* Frameworks that cannot be observed select by pattern: too much rather than too little. */
	globalConfigFor(config, report, item) {
		const observed = isJestRunner(config.runner) && /jest-circus/.test(config.testRunner);
		if (observed || report.selects.all)
			return this.plan.globalConfig;
		return { ...this.plan.globalConfig, testNamePattern: namePattern(this.test, item.only) };
	}

	async executeCustom(project, item, globalConfig) {
		const { runCustom } = require('./jest_custom.cjs');
		const id = process.env.JEST_WORKER_ID;
		try {
			return await runCustom(this.modules, this.customRunners, project, globalConfig, this.pathOf(item));
		} finally {
			process.env.JEST_WORKER_ID = id; // serial runs set it to 1
		}
	}

	/* What Jest's scheduler and its exit code would have made of the result. */
	judge(result, report) {
		const { context } = report;
		if (result.testExecError) {
			const { message, stack } = result.testExecError;
			report.fail(failureFromText(stack || message, context, { kind: result.testResults.length ? 'error' : 'load' }));
		}
		report.reconcile(result.testResults);
		if (result.skipped && result.testResults.length === 0 && result.testFilePath === undefined)
			return;
		if (result.testResults.length === 0)
			report.fail(failureFromText('Your test suite must contain at least one test.', context, { kind: 'load' }));
		if (result.leaks)
			report.fail(failureFromText('the test file is leaking memory (detectLeaks)', context, { kind: 'error' }));
		const { snapshot } = result;
		if (snapshot?.unchecked > 0 && this.plan.globalConfig.updateSnapshot !== 'all')
			report.fail(failureFromText(obsoleteText(snapshot), context, { kind: 'error' }));
	}

	checkSelection(item, report) {
		if (!item.only || report.failure)
			return;
		const missing = item.only.filter(test => !report.reported.has(keyOf(test.path, test.occ || 1)));
		if (missing.length)
			send('notice', {
				file: item.file, project: item.project, name: 'selection_missing', severity: 'warning',
				text: `not found in the file: ${missing.map(test => test.path.join(' › ')).join(', ')}`,
			});
	}
}

function obsoleteText(snapshot) {
	const keys = (snapshot.uncheckedKeys || []).map(key => `\n  ${key}`).join('');
	return `${snapshot.unchecked} obsolete snapshot${snapshot.unchecked > 1 ? 's' : ''}: remove with \`jest -u\`${keys}`;
}

/* jest-runner itself, from whatever folder it was resolved. */
function isJestRunner(runner) {
	return !runner || /[\\/]jest-runner[\\/]build[\\/]index\.js$/.test(runner);
}

function escapeRegex(text) {
	return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

function namePattern(test, only) {
	if (only)
		return `^(?:${only.map(({ path: titles }) => escapeRegex(titles.join(' '))).join('|')})$`;
	return test.replaceAll(' › ', ' ').replace(/ #\d+(\$?)$/, '$1');
}

function sendConsole(entries, identity) {
	let stream = null;
	let text = '';
	const flush = () => {
		for (let at = 0; at < text.length; at += OUTPUT_MAX)
			sendSoon('output', { ...identity, stream, text: text.slice(at, at + OUTPUT_MAX) });
		text = '';
	};
	for (const { type, message } of entries || []) {
		const target = STDERR_CALLS.has(type) ? 'stderr' : 'stdout';
		if (target !== stream || text.length > OUTPUT_MAX)
			flush();
		stream = target;
		text += `${message}\n`;
	}
	flush();
}

module.exports = { Runner };
