// Discovery: configuration, module maps and test files, once for all workers of the suite.
'use strict';

const { existsSync, renameSync, rmSync, statSync, writeFileSync } = require('fs');
const path = require('path');
const { realpath } = require('./channel.cjs');
const { readArgs } = require('./jest_args.cjs');

const DEFAULT_REPORTERS = new Set(['default', 'agent', 'github-actions', 'summary']);

function displayName(config) {
	const name = config.displayName;
	return (typeof name === 'object' && name ? name.name : name) || '';
}

/* The configurations the user wants, as --selectProjects and --ignoreProjects say. */
function selectConfigs(configs, argv) {
	const { selectProjects, ignoreProjects } = argv;
	return configs.filter(config => {
		const name = displayName(config);
		return (!selectProjects || selectProjects.includes(name)) &&
			!(ignoreProjects && ignoreProjects.includes(name));
	});
}

/* Distinct names: what the user called the project, else its folder. */
function nameProjects(configs, where) {
	const taken = new Map();
	return configs.map(config => {
		let name = displayName(config);
		if (!name && configs.length > 1)
			name = where.relative(config.rootDir) || '.';
		const count = (taken.get(name) || 0) + 1;
		taken.set(name, count);
		return count > 1 ? `${name} (${count})` : name;
	});
}

/* Jest lets a module choose among the files it found. */
async function loadFilter(globalConfig) {
	if (!globalConfig.filter || globalConfig.skipFilter)
		return undefined;
	const filter = require(globalConfig.filter);
	await filter.setup?.();
	return paths => filter(paths);
}

/* A test for absolute paths: inside one of `names`, which are files, folders, or globs. */
function chooser(names, root, modules) {
	if (!names || names.length === 0)
		return () => true;
	// Jest's files have real paths; what a user names may lead through a link.
	const absolute = [...new Set(names.map(name => path.resolve(root, name)).flatMap(name => [name, realpath(name)]))];
	const matches = modules.load('jest-util').globsToMatcher(absolute.map(name => name.split(path.sep).join('/')));
	return file => absolute.some(name => file === name || file.startsWith(name + path.sep)) || matches(file);
}

function sizeOf(hasteFS, file) {
	const size = hasteFS.getSize?.(file);
	if (typeof size === 'number')
		return size;
	try {
		return statSync(file).size;
	} catch {
		return 0;
	}
}

async function searchProject(modules, globalConfig, config, configs, filter) {
	const Runtime = modules.load('jest-runtime').default;
	const { SearchSource } = modules.load('@jest/core');
	const context = await Runtime.createContext(config, {
		console,
		maxWorkers: Math.max(1, Math.floor(globalConfig.maxWorkers / configs.length)),
		resetCache: !config.cache,
		watch: false,
		watchman: globalConfig.watchman,
	});
	const { tests } = await new SearchSource(context).getTestPaths(globalConfig, config, undefined, filter);
	return { context, tests: tests.map(test => ({ path: test.path, size: sizeOf(context.hasteFS, test.path) })) };
}

/*
 * Whether the configuration itself asks for one worker. The normalised value does not tell: on a
 * machine with two cores Jest's default is one, too.
 */
async function configuredInBand(modules, globalConfig, argv) {
	if (globalConfig.runInBand || globalConfig.detectOpenHandles)
		return true;
	if (globalConfig.maxWorkers !== 1)
		return false;
	try {
		const { config } = await modules.load('jest-config').readInitialOptions(argv.config);
		return Number(config.maxWorkers) === 1;
	} catch {
		return false;
	}
}

/* Where the test of a snapshot file should be; Jest's own answer takes 160 ms to load. */
async function testOfSnapshot(modules, config) {
	if (!config.snapshotResolver)
		return file => path.join(path.dirname(file), '..', path.basename(file, '.snap'));
	const resolver = await modules.load('jest-snapshot').buildSnapshotResolver(config);
	return file => resolver.resolveTestPath(file);
}

/* Snapshot files whose test file is gone: Jest fails for them at the end of a run, with or without --ci. */
async function orphanSnapshots(modules, { config, hasteFS }) {
	const snapshots = hasteFS.matchFiles(/\.snap$/);
	if (snapshots.length === 0)
		return [];
	const testOf = await testOfSnapshot(modules, config);
	const ignored = config.testPathIgnorePatterns.length ? new RegExp(config.testPathIgnorePatterns.join('|')) : null;
	return snapshots.filter(file => !ignored?.test(testOf(file)) && !existsSync(testOf(file)));
}

function noticesFor(globalConfig, ignored, orphans, fileCount, narrowed) {
	const notices = [];
	const add = (name, text, severity) => notices.push({ name, text, severity });
	if (ignored.length)
		add('ignored_options', `Jest's ${ignored.map(name => `--${name}`).join(', ')} chooses files and is not followed`);
	const reporters = (globalConfig.reporters || []).map(([name]) => name).filter(name => !DEFAULT_REPORTERS.has(name));
	if (reporters.length)
		add('ignored_reporters', `the project's own Jest reporters are not run: ${reporters.join(', ')}`);
	if (globalConfig.testResultsProcessor)
		add('ignored_reporters', `Jest's testResultsProcessor is not run: ${globalConfig.testResultsProcessor}`);
	if (!/[\\/]@jest[\\/]test-sequencer[\\/]/.test(globalConfig.testSequencer || '/@jest/test-sequencer/'))
		add('ignored_sequencer', `the order of files is not taken from testSequencer ${globalConfig.testSequencer}`);
	if (orphans.length)
		add('obsolete_snapshots', `snapshot files without a test file, to remove with \`jest -u\`: ${orphans.join(', ')}`, 'error');
	if (fileCount === 0 && !narrowed)
		add('no_tests', `Jest found no test files${globalConfig.passWithNoTests ? ' (passWithNoTests is set)' : ''}`);
	return notices;
}

/* Files that count though no test loads them. */
function coverable(globalConfig, { hasteFS }) {
	const from = globalConfig.collectCoverageFrom;
	return globalConfig.collectCoverage && from?.length ? hasteFS.matchFilesWithGlob(from, globalConfig.rootDir) : [];
}

/* What each worker needs beside a file's name. */
function runConfig(globalConfig, seed) {
	return {
		...globalConfig,
		...(seed ? { randomize: true, seed } : {}), // --shuffle
		bail: 0,
		maxWorkers: 1,
		reporters: undefined,
		testPathPatterns: undefined,
		verbose: false, // console calls are buffered and come with the file's result
		watch: false,
		watchAll: false,
	};
}

function write(plan, folder) {
	const file = path.join(folder, `jest-plan-${process.pid}.json`);
	writeFileSync(`${file}.tmp`, JSON.stringify(plan), { mode: 0o600 });
	renameSync(`${file}.tmp`, file);
	return file;
}

/*
 * {plan, files, path, inBand, globalHooks, notices}. plan: inBand, globalConfig, projects [{name, config,
 * moduleMap}], files [{project, file, path}] in the order in which Jest would start on them without
 * timings of earlier runs: largest first.
 */
async function discover(modules, init, where) {
	const { argv, inBand, ignored } = await readArgs(modules, init);
	const { readConfigs } = modules.load('jest-config');
	const projects = argv.projects?.length ? argv.projects : [process.cwd()];
	const { globalConfig, configs: all } = await readConfigs(argv, projects);
	const configs = selectConfigs(all, argv);
	const names = nameProjects(configs, where);
	const filter = await loadFilter(globalConfig);
	const searched = await Promise.all(
		configs.map(config => searchProject(modules, globalConfig, config, configs, filter)));

	const wanted = chooser(init.files, process.cwd(), modules);
	const named = chooser(init.paths, process.cwd(), modules);
	const files = searched.flatMap(({ tests }, index) => tests
		.filter(test => wanted(test.path) && named(test.path))
		.map(test => ({ project: names[index], file: where.relative(test.path), path: test.path, size: test.size })));
	files.sort((a, b) => b.size - a.size);

	const isUsed = (_, index) => files.some(file => file.project === names[index]);
	const used = configs.filter(isUsed);
	const orphans = new Set((await Promise.all(
		searched.filter(isUsed).map(({ context }) => orphanSnapshots(modules, context)))).flat());
	if (globalConfig.updateSnapshot === 'all' && !init.list) {
		orphans.forEach(file => rmSync(file));
		orphans.clear();
	}
	const serial = inBand || await configuredInBand(modules, globalConfig, argv);
	const plan = {
		inBand: serial,
		globalConfig: runConfig(globalConfig, init.seed),
		projects: configs.map((config, index) => ({
			name: names[index], config, moduleMap: searched[index].context.moduleMap.toJSON(),
			coverable: [...coverable(globalConfig, searched[index].context)],
		})),
		files: files.map(({ project, file, path: absolute }) => ({ project, file, path: absolute })),
	};
	return {
		plan,
		files: files.map(({ project, file, size }) => ({ project, file, size })),
		path: write(plan, init.cache_dir),
		inBand: serial,
		globalHooks: [globalConfig, ...used].some(config => config.globalSetup || config.globalTeardown),
		notices: noticesFor(globalConfig, ignored, [...orphans].map(where.relative), files.length, init.paths.length > 0),
	};
}

module.exports = { discover };
