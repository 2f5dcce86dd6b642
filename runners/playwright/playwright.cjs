// Playwright adapter: one native `playwright test` in this very process, with our reporter, which
// shares the channel. Its start is dear, so discovery is the start of the run: the reporter stops in
// onBegin, tells what was found, and waits for the engine. docs/design/playwright.md has the reasons.
'use strict';

const fs = require('fs');
const os = require('os');
const path = require('path');
const { createRequire } = require('module');
const channel = require('./channel.cjs');

// Component testing packages bring the same command line.
const packages = [
	'@playwright/test', 'playwright', '@playwright/experimental-ct-react', '@playwright/experimental-ct-vue',
	'@playwright/experimental-ct-svelte',
];

// The package that holds the runner itself: `playwright`, of which the others are a front.
function coreOf(file) {
	try {
		return path.dirname(createRequire(file).resolve('playwright/package.json'));
	} catch {
		return path.dirname(file);
	}
}

function resolveCli(root) {
	const fromRoot = createRequire(path.join(root, 'package.json'));
	for (const name of packages) {
		try {
			const file = fromRoot.resolve(name + '/package.json');
			const cli = path.join(path.dirname(file), 'cli.js');
			if (fs.existsSync(cli)) return { cli, version: require(file).version, core: coreOf(file) };
		} catch {
			// the next one
		}
	}
	const error = new Error('@playwright/test is not installed in ' + root);
	error.help = 'npm install --save-dev @playwright/test';
	throw error;
}

const escapeRegex = text => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');

function commandLine(init, cli) {
	const args = ['test', ...init.args];
	if (init.config) args.push('--config=' + init.config);
	args.push('--reporter=' + path.join(__dirname, 'playwright_reporter.cjs'));
	args.push('--max-failures=0'); // the engine stops the run, and not for tests in quarantine
	if (init.repeat > 0) args.push('--repeat-each=' + init.repeat, '--retries=0');
	else if (init.retries > 0) args.push('--retries=' + init.retries);
	if (init.list) args.push('--list');
	if (init.pending) {
		for (const file of init.pending) args.push(escapeRegex(path.resolve(init.base, file)) + '$');
	} else {
		for (const file of [...init.files, ...init.paths]) args.push(escapeRegex(path.resolve(init.root, file)));
	}
	return [process.argv[0], cli, ...args];
}

// Playwright counts the cores when neither the configuration nor the command line has a number of workers, only a
// percentage or nothing. Whoever wrote a number meant it: with one worker, files may share what there is but once.
function watchWorkers(core, shared) {
	const { cpus } = os;
	os.cpus = () => {
		if (new Error().stack.split('\n')[2].includes(path.join(core, 'lib', 'common') + path.sep)) shared.workersAreFree = true;
		return cpus();
	};
}

async function main() {
	channel.send('hello', { pid: process.pid, node: process.version });
	const init = await channel.next();
	try {
		channel.matcher(init.test, null); // a bad expression is an error now, not in each file
		const { cli, version, core } = resolveCli(init.root);
		while ((await channel.next()).type !== 'discover');
		if (init.coverage) require('./playwright_coverage.cjs').prepare(init);
		const shared = { init, version, core, workersAreFree: false };
		globalThis[Symbol.for('muster.playwright')] = shared;
		watchWorkers(core, shared);
		process.argv = commandLine(init, cli);
		require(cli);
	} catch (error) {
		channel.fail(error, error.help);
	}
}

main();
