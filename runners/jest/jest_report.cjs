// What is reported about one file while it runs. jest-circus' own events are observed through the test
// environment (they have what its messages to the parent lack: skipped tests, occurrences, live errors);
// what has not been reported when the file is done comes from its result.
'use strict';

const { elapsed, keyOf, now, occurrences, send, sendSoon } = require('./channel.cjs');
const { failureFrom, failureFromText } = require('./jest_failure.cjs');

const RETRY_TIMES = Symbol.for('RETRY_TIMES');

function pathOf(test) {
	const titles = [];
	for (let node = test; node.parent; node = node.parent)
		titles.unshift(String(node.name));
	return titles;
}

/* Where the test is declared; read for failures only, since each look at a stack maps it to sources. */
function declaration(test, where, location) {
	const { line, column } = location(test.asyncError?.stack, where);
	return { line, column };
}

class FileReport {
	constructor({ file, project, selects, context, location }) {
		this.identity = { file, project };
		this.selects = selects;
		this.context = context;
		this.location = location;
		this.tests = new Map(); // circus test -> {path, occ, selected, started, held}
		this.reported = new Map(); // key of a test -> its outcome
		this.hookErrors = new Set();
		this.count = 0;
		this.failed = 0;
		this.passed = 0;
		this.failure = null; // of the file itself
		this.ended = false; // its tests and hooks are over
		this.environment = null;
	}

	/* ---- jest-circus ---- */

	/* Events of circus; must not throw, since that would fail the test. */
	observe(event, state) {
		try {
			this[`on_${event.name}`]?.(event, state);
		} catch (error) {
			send('notice', { ...this.identity, name: 'adapter', severity: 'error', text: String(error?.stack) });
		}
	}

	on_run_start(event, state) {
		const occurrence = occurrences();
		const walk = block => {
			for (const child of block.children) {
				if (child.type === 'describeBlock') {
					walk(child);
					continue;
				}
				const path = pathOf(child);
				const occ = occurrence(path);
				const selected = this.selects(path, occ);
				this.tests.set(child, { path, occ, selected });
				if (!selected)
					child.mode = 'skip'; // hooks of blocks without any other test do not run either
			}
		};
		walk(state.rootDescribeBlock);
	}

	on_hook_failure({ error }) {
		this.hookErrors.add(error);
	}

	on_test_start({ test }) {
		const entry = this.tests.get(test);
		if (!entry?.selected)
			return;
		if (entry.held) // circus tries it again
			this.release(entry, true);
		entry.broken = test.errors.length > 0;
		entry.started = now();
	}

	on_test_started({ test }) {
		const entry = this.tests.get(test);
		if (entry?.selected)
			send('test_started', { ...this.identity, path: entry.path, occ: entry.occ, attempt: test.invocations || 1 });
	}

	on_test_skip({ test }) {
		const entry = this.tests.get(test);
		if (entry?.selected)
			this.finish(entry, { outcome: 'skipped', ms: 0, attempt: 1 });
	}

	on_test_todo({ test }) {
		this.on_test_skip({ test });
	}

	on_test_done({ test }, state) {
		const entry = this.tests.get(test);
		if (!entry?.selected)
			return;
		const failed = test.errors.length > 0;
		entry.held = {
			outcome: failed ? 'failed' : 'passed',
			ms: elapsed(entry.started),
			attempt: test.invocations || 1,
			...(failed ? {
				failure: failureFrom(test.errors, this.context, error => this.hookErrors.has(error)),
				...declaration(test, this.context.where, this.location),
			} : {}),
		};
		if (!this.mayRunAgain(test, failed && !entry.broken, state))
			this.release(entry, false);
	}

	/* jest.retryTimes() repeats failed tests, or, set inside a describe block, the whole block. */
	mayRunAgain(test, retryable, state) {
		for (let block = test.parent; block; block = block.parent)
			if (state.describeRetryOptions?.has?.(block))
				return true;
		const times = Number.parseInt(this.environment?.global?.[RETRY_TIMES], 10) || 0;
		return retryable && test.invocations <= times;
	}

	on_run_finish(event, state) {
		this.releaseAll();
		this.tests.clear(); // with the environment, whose end detectLeaks waits for
		this.environment = null;
		this.ended = true;
		if (state.unhandledErrors.length > 0)
			this.fail(failureFrom(state.unhandledErrors, this.context, error => this.hookErrors.has(error)));
	}

	release(entry, again) {
		const { held } = entry;
		entry.held = undefined;
		if (!again)
			this.finish(entry, held);
		else if (held.outcome === 'failed')
			send('test_finished', { ...this.identity, path: entry.path, occ: entry.occ, ...held, will_retry: true });
	}

	releaseAll() {
		for (const entry of this.tests.values())
			if (entry.held)
				this.release(entry, false);
	}

	/* ---- all frameworks ---- */

	finish({ path, occ }, result) {
		const key = keyOf(path, occ);
		if (this.reported.has(key))
			return;
		this.reported.set(key, result.outcome);
		this.count++;
		if (result.outcome === 'failed')
			this.failed++;
		else if (result.outcome === 'passed')
			this.passed++;
		const tell = result.outcome === 'failed' ? send : sendSoon;
		tell('test_finished', { ...this.identity, path, occ, ...result });
	}

	/* The file itself has failed; the first reason counts. */
	fail(failure) {
		this.failure ??= failure;
	}

	/*
	 * The result's list of tests is the authority: what no event told is reported now. A test may fail after
	 * its end was told, by a promise that nobody waits for: the file has failed.
	 */
	reconcile(testResults) {
		const occurrence = occurrences();
		for (const result of testResults) {
			const path = [...result.ancestorTitles, result.title];
			const occ = occurrence(path);
			if (!this.selects(path, occ))
				continue;
			const outcome = { passed: 'passed', failed: 'failed' }[result.status] ?? 'skipped';
			const told = this.reported.get(keyOf(path, occ));
			if (told && (told === 'failed' || outcome !== 'failed'))
				continue;
			const failure = outcome === 'failed'
				? failureFromText(result.failureMessages.join('\n\n'), this.context) : undefined;
			if (told)
				this.fail({ ...failure, message: `${path.join(' › ')}: failed after its end: ${failure.message}` });
			else
				this.finish({ path, occ }, { outcome, ms: result.duration || 0, attempt: result.invocations || 1, failure });
		}
	}

	outcome() {
		if (this.failure || this.failed)
			return 'failed';
		return this.passed ? 'passed' : 'skipped';
	}
}

module.exports = { FileReport };
