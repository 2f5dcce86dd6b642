// The suite's own options, read by Jest's own parser, less those that belong to a whole run: which of
// them are dropped silently because this program does the work, and which deserve a notice.
'use strict';

/* Done here instead, or of no effect without Jest's own scheduler and reporters. */
const OURS = [
	'b', 'bail', 'collectCoverage', 'coverage', 'coverageDirectory', 'coverageReporters',
	 'coverageThreshold', 'debug', 'forceExit', 'json', 'logHeapUsage', 'notify',
	'notifyMode', 'openHandlesTimeout', 'outputFile', 'reporters', 'showConfig', 'testFailureExitCode',
	'testResultsProcessor', 'testSequencer', 'verbose', 'w', 'maxWorkers', 'watch', 'watchAll',
	'workerIdleMemoryLimit', 'workerThreads',
];
/* Would have chosen other files. */
const CHOOSING = [
	'o', 'onlyChanged', 'changedSince', 'changedFilesWithAncestor', 'lastCommit', 'f', 'onlyFailures',
	'shard', 'listTests', 'clearCache', 'collectTests',
];

/*
 * When Jest's parser is not satisfied it prints its whole usage, the reason last, and ends the process;
 * here that is an error to report.
 */
async function withoutExit(parse) {
	const { exit } = process;
	const { error } = console;
	let printed = '';
	console.error = (...words) => { printed += `${words.join(' ')}\n`; };
	process.exit = () => {
		const reason = printed.trim().split(/\n\s*\n/).pop();
		throw new Error(`Jest does not accept the suite's arguments: ${reason}`);
	};
	try {
		return await parse();
	} finally {
		process.exit = exit;
		console.error = error;
	}
}

/* Where jest-cli has it: in 30, in 29, before. */
const PARSERS = ['build/index.js', 'build/run.js', 'build/cli/index.js'];

async function parse(modules, args) {
	if (args.length === 0)
		return { _: [], $0: 'jest' };
	const build = PARSERS.map(file => modules.cli(file)?.buildArgv).find(Boolean);
	if (!build)
		throw new Error("Jest's command line parser (jest-cli) cannot be found");
	return withoutExit(() => build([...args]));
}

function isSet(value) {
	return value !== undefined && value !== false && !(Array.isArray(value) && value.length === 0);
}

/* What muster.yaml wants to see covered, as Jest says it; it wins over the project's own setting. */
function coverageGlobs({ coverage }) {
	if (!coverage || coverage.include.length + coverage.exclude.length === 0)
		return null;
	const include = coverage.include.length ? coverage.include : ['**/*.{js,jsx,cjs,mjs,ts,tsx,cts,mts}'];
	return [...include, ...coverage.exclude.map(glob => `!${glob}`)];
}

/* {argv, inBand, ignored[]}: argv for readConfigs(). */
async function readArgs(modules, init) {
	const argv = await parse(modules, init.args || []);
	const ignored = CHOOSING.filter(name => name.length > 1 && isSet(argv[name]));
	const inBand = Boolean(argv.runInBand || argv.detectOpenHandles || Number(argv.maxWorkers) === 1);
	for (const name of [...OURS, ...CHOOSING])
		delete argv[name];
	argv.coverage = Boolean(init.coverage);
	const from = coverageGlobs(init);
	if (init.coverage && from)
		argv.collectCoverageFrom = from;
	if (init.config)
		argv.config = init.config;
	if (init.ci && argv.ci === undefined)
		argv.ci = true;
	return { argv, inBand, ignored };
}

module.exports = { readArgs };
