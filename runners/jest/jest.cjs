// The adapter of Jest: a warm worker. The one that gets `discover` reads the configuration and finds the
// files, then works like the others, which get its findings with `plan`.
'use strict';

// bin/jest.js does so, before anything reads it: babel caches and configurations depend on it.
process.env.NODE_ENV ??= 'test';

const channel = require('./channel.cjs');

channel.send('hello', { pid: process.pid, node: process.version });

require('./node_path.cjs').takeNodePath('jest');

const { readFileSync } = require('fs');
const { answerCoverage } = require('./coverage.cjs');
const { locate } = require('./jest_modules.cjs');

const HELP_MISSING = 'install the project\'s dependencies (npm ci), or set `root` of the suite to the folder that has jest';
const HELP_CONFIG = 'run `npx jest --showConfig` in the suite\'s folder: it should fail in the same way';
const HELP_SETUP = 'the project\'s own globalSetup or globalTeardown failed';

const worker = { init: null, where: null, modules: null, plan: null, runner: null };

/* Loads what every file needs while the discovering worker is still at work. */
function preload() {
	const names = ['jest-runtime', '@jest/transform', 'jest-haste-map', 'jest-resolve', '@jest/console',
		'jest-message-util', 'jest-runner/build/testWorker.js', 'jest-environment-node', 'jest-circus/runner'];
	const step = () => {
		if (names.length === 0 || channel.peek() || worker.plan)
			return;
		worker.modules.preload(names.shift());
		setImmediate(step);
	};
	setImmediate(step);
}

function useModules() {
	try {
		worker.modules ??= locate(process.cwd());
	} catch (error) {
		throw Object.assign(error, { help: HELP_MISSING });
	}
}

/* Not in the process that only holds what globalSetup left: it never runs a file. */
async function ready() {
	if (worker.runner)
		return;
	const { Runner } = require('./jest_run.cjs');
	worker.runner = new Runner(worker.modules, worker.plan, {
		where: worker.where, test: worker.init.test, coverage: worker.init.coverage,
	});
	await worker.runner.prepare();
}

const commands = {
	init(message) {
		worker.init = message;
		worker.where = channel.paths(message.base);
		process.env.JEST_WORKER_ID = String(message.slot || 1);
		channel.matcher(message.test, null); // a bad expression is an error now, not in each file
		useModules();
		if (!channel.peek())
			preload();
	},

	async discover() {
		const { discover } = require('./jest_plan.cjs');
		const found = await discover(worker.modules, worker.init, worker.where);
		worker.plan = found.plan;
		channel.send('discovered', {
			version: worker.modules.version, files: found.files, plan_path: found.path, node_options: [],
			global_setup: found.globalHooks, ordered: false, max_workers: found.inBand ? 1 : 0,
			notices: found.notices, exclusive: false,
		});
		if (!found.globalHooks)
			await ready();
	},

	async plan({ path, env }) {
		for (const [name, value] of Object.entries(env || {})) {
			if (value === null)
				delete process.env[name];
			else
				process.env[name] = value;
		}
		worker.plan = JSON.parse(readFileSync(path, 'utf8'));
		await ready();
		channel.send('ready', {});
	},

	async setup() {
		const { setup } = require('./jest_hooks.cjs');
		channel.send('setup_done', { env: await setup(worker.modules, worker.plan) });
	},

	async run({ id, items }) {
		await ready();
		for (const item of items)
			await worker.runner.run(item);
		channel.send('run_done', { id });
	},

	async coverage({ out }) {
		const { collect } = require('./jest_coverage.cjs');
		await answerCoverage(out, () => collect(worker.modules, worker.plan, worker.init.coverage.folder));
	},

	async teardown() {
		const { teardown } = require('./jest_hooks.cjs');
		await teardown(worker.modules, worker.plan);
		channel.send('teardown_done', {});
	},

	stop() {
		worker.runner?.tellExitCode();
		channel.end();
		channel.exit(0);
	},
};

const helps = { discover: HELP_CONFIG, setup: HELP_SETUP, teardown: HELP_SETUP };

async function main() {
	for (;;) {
		const message = await channel.next();
		try {
			await commands[message.type]?.(message);
		} catch (error) {
			channel.fail(error, error?.help ?? helps[message.type]);
		}
	}
}

main();
