// Plays the engine for one adapter: starts it as the engine would (all adapter files side by side in a
// folder named node_modules/muster-adapters, fd 3 a socketpair) and speaks the worker protocol.
import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const runners = path.join(here, '../../runners');
export const fixtures = path.join(here, '../fixtures');

const scratch = mkdtempSync(path.join(tmpdir(), 'muster-driver-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));

/* All adapter files flat in one folder, as the program writes them out. */
function stage() {
	const folder = path.join(scratch, 'node_modules/muster-adapters');
	mkdirSync(folder, { recursive: true });
	for (const entry of readdirSync(runners, { recursive: true }))
		if (/\.[cm]js$/.test(entry))
			cpSync(path.join(runners, entry), path.join(folder, path.basename(entry)));
	return folder;
}

let staged;
export function adapterPath(name) {
	staged ??= stage();
	return path.join(staged, name);
}

let caches = 0;
/* A fresh, existing folder. */
export function scratchFolder(name = 'cache') {
	const folder = path.join(scratch, `${name}-${++caches}`);
	mkdirSync(folder);
	return folder;
}

/*
 * One worker. `messages` is everything it sent; take(type) waits for the next message of that type
 * (and rejects when the worker ends or sends `error` first); command(type, fields) sends one.
 */
export class Worker {
	constructor(adapter, { cwd, env = {}, nodeOptions = [], timeoutMs = 60000 } = {}) {
		this.messages = [];
		this.stdout = '';
		this.stderr = '';
		this.waiting = new Set();
		this.cursor = 0;
		this.timeoutMs = timeoutMs;
		this.cwd = cwd ?? process.cwd();
		this.child = spawn(process.execPath, [...nodeOptions, adapterPath(adapter)], {
			cwd, stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
			env: { ...clean(process.env), ...env },
		});
		this.child.stdout.setEncoding('utf8').on('data', text => { this.stdout += text; });
		this.child.stderr.setEncoding('utf8').on('data', text => { this.stderr += text; });
		this.child.stdio[3].on('error', () => {});
		this.exited = new Promise(resolve => {
			this.child.on('close', (code, signal) => {
				this.ended = { code, signal };
				this.wake();
				resolve(this.ended);
			});
		});
		this.listen();
	}

	listen() {
		let rest = '';
		this.child.stdio[3].setEncoding('utf8').on('data', text => {
			const lines = (rest + text).split('\n');
			rest = lines.pop();
			for (const line of lines)
				this.messages.push(JSON.parse(line));
			this.wake();
		});
	}

	wake() {
		for (const check of [...this.waiting])
			check();
	}

	command(type, fields = {}) {
		this.child.stdio[3].write(JSON.stringify({ type, ...fields }) + '\n');
	}

	/* Resolves with the first message from `from` on for which accept() holds. */
	find(accept, what, from = this.cursor) {
		return new Promise((resolve, reject) => {
			const done = (action, value) => {
				clearTimeout(timer);
				this.waiting.delete(check);
				action(value);
			};
			const fail = why => done(reject, new Error(
				`${why} while waiting for ${what}\n${JSON.stringify(this.messages.slice(-5))}\n${this.stderr}`));
			const timer = setTimeout(() => fail('timeout'), this.timeoutMs);
			const check = () => {
				for (let i = from; i < this.messages.length; i++)
					if (accept(this.messages[i])) {
						this.cursor = i + 1;
						return done(resolve, this.messages[i]);
					}
				const error = this.messages.slice(from).find(message => message.type === 'error');
				this.cursor = error ? this.messages.length : this.cursor;
				if (error)
					return fail(`error: ${error.message}`);
				if (this.ended)
					return fail(`end (${JSON.stringify(this.ended)})`);
			};
			this.waiting.add(check);
			check();
		});
	}

	take(type) {
		return this.find(message => message.type === type, type);
	}

	/* init + discover; `fields` override the defaults of init. */
	async discover(fields = {}) {
		this.init(fields);
		this.command('discover');
		return this.take('discovered');
	}

	init(fields = {}) {
		this.command('init', {
			base: this.cwd, root: this.cwd, cache_dir: scratchFolder(), suite: 'unit', config: null, args: [], files: [],
			paths: [], slot: 1, workers: 1, test: null, only: null, retries: 0, timeout_ms: 300000,
			ci: false, coverage: false, color: false, ...fields,
		});
	}

	/* Run items; resolves with everything that was reported until run_done. */
	async run(items, fields = {}) {
		const from = this.messages.length;
		const id = (this.lastRun = (this.lastRun ?? 0) + 1);
		this.command('run', {
			id, workers: 1, ...fields,
			items: items.map(item => ({ project: '', only: null, attempt: 1, ...item })),
		});
		await this.find(message => message.type === 'run_done' && message.id === id, `run_done ${id}`, from);
		return this.messages.slice(from);
	}

	/* Ends the worker in the regular way: {end, code, signal}. */
	async stop() {
		this.command('stop');
		const end = await this.take('end');
		return { end, ...(await this.exited) };
	}

	kill() {
		this.child.kill('SIGKILL');
		return this.exited;
	}
}

/* The environment of a test process without what a surrounding test runner put there. */
function clean(env) {
	const copy = { ...env };
	for (const name of ['NODE_ENV', 'NODE_OPTIONS', 'NODE_TEST_CONTEXT', 'FORCE_COLOR', 'CI', 'NODE_V8_COVERAGE'])
		delete copy[name];
	return copy;
}

export const isFinal = message => message.type === 'test_finished' && !message.will_retry;

/* {"a › b": outcome} of final results; a second test of the same path has " #2". */
export function outcomes(messages) {
	const result = {};
	for (const message of messages.filter(isFinal))
		result[message.path.join(' › ') + (message.occ > 1 ? ` #${message.occ}` : '')] = message.outcome;
	return result;
}

/* What the engine checks: every file_finished adds up. Returns the list of what does not. */
export function disagreements(messages) {
	const problems = [];
	let seen = 0;
	let failed = false;
	for (const message of messages) {
		if (message.type === 'file_started') {
			seen = 0;
			failed = false;
		} else if (isFinal(message)) {
			seen++;
			failed ||= message.outcome === 'failed';
		} else if (message.type === 'file_finished') {
			if (message.count !== seen)
				problems.push(`${message.file}: count ${message.count}, seen ${seen}`);
			if (failed && message.outcome !== 'failed')
				problems.push(`${message.file}: ${message.outcome} in spite of a failed test`);
		}
	}
	return problems;
}
