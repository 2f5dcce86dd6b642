// Coverage of a Mocha suite, in the way the project means it: with nyc (its own hooks instrument what is
// loaded) or with V8's own counters, made into a map by the project's c8, or by ours where there is none.
// The map is made in a process of its own: this one has nyc's hooks, and what tests have done to it.
'use strict';

const fs = require('fs');
const inspector = require('inspector');
const path = require('path');
const { spawnSync } = require('child_process');
const { createRequire, findSourceMap } = require('module');
const { fileURLToPath, pathToFileURL } = require('url');
const { Deltas, readDeltas } = require('./coverage.cjs');

const OUTPUT_BYTES = 64 * 1024;
const FOREIGN = /[\\/]node_modules[\\/]/;

/* ---- which tool ---- */

function resolver(root) {
	const from = createRequire(path.join(root, 'package.json'));
	return name => {
		try {
			return from.resolve(name);
		} catch {
			return null;
		}
	};
}

function packageKey(root, name) {
	try {
		return JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8'))[name] !== undefined;
	} catch {
		return false;
	}
}

const NYC_FILES = ['.nycrc', '.nycrc.json', '.nycrc.yml', '.nycrc.yaml', 'nyc.config.js', 'nyc.config.cjs'];

/* {name: 'nyc' | 'c8' | 'own', args}. What the script says comes first, then what is configured. */
function chooseTool(root, tool) {
	const resolve = resolver(root);
	const [name, ...args] = tool;
	if (name && resolve(`${name}/package.json`))
		return { name, args };
	const nyc = packageKey(root, 'nyc') || NYC_FILES.some(file => fs.existsSync(path.join(root, file)));
	if (nyc && resolve('nyc/package.json'))
		return { name: 'nyc', args: [] };
	return { name: resolve('c8/package.json') ? 'c8' : 'own', args: [] };
}

/* ---- nyc ---- */

async function nycConfig(root, args, coverage) {
	const load = createRequire(createRequire(path.join(root, 'package.json')).resolve('nyc/package.json'));
	const { argv, env } = process;
	const saved = env.NYC_CWD;
	process.argv = [argv[0], 'nyc', ...args, 'mocha'];
	delete env.NYC_CWD;
	try {
		const config = { ...(await load('./lib/config-util')()).argv };
		if (coverage.include.length)
			Object.assign(config, { include: coverage.include, all: true });
		if (coverage.exclude.length)
			config.exclude = coverage.exclude;
		return {
			load,
			config: {
				...config, tempDirectory: path.join(coverage.folder, 'nyc'), tempDir: undefined,
				instrumenter: config.instrument === false ? './lib/instrumenters/noop' : './lib/instrumenters/istanbul',
			},
		};
	} finally {
		process.argv = argv;
		if (saved !== undefined)
			env.NYC_CWD = saved;
	}
}

class Nyc {
	static async open(root, args, coverage) {
		const self = new Nyc();
		const { load, config } = await nycConfig(root, args, coverage);
		const NYC = load('./index.js');
		self.nyc = new NYC({ ...config, isChildProcess: true });
		self.nyc.writeCoverageFile = () => {}; // each file's delta is written as it comes
		await self.nyc.createTempDirectory();
		// What tests start is instrumented, too, and writes its own coverage when it ends.
		Object.assign(process.env, { NYC_CONFIG: JSON.stringify(config), NYC_CWD: config.cwd });
		load('node-preload').push(load.resolve('./lib/register-env.js'), load.resolve('./lib/wrap.js'));
		load('./lib/register-env.js');
		self.nyc.wrap();
		self.deltas = new Deltas(coverage.folder);
		return self;
	}

	/* What was executed since the last call. */
	take() {
		const coverage = globalThis.__coverage__ ?? {};
		const counting = {};
		for (const [file, entry] of Object.entries(coverage)) {
			if (!this.nyc.exclude.shouldInstrument(file))
				continue;
			const contentHash = this.nyc.cache ? this.nyc.hashCache[file] : undefined;
			counting[file] = contentHash ? { ...entry, contentHash } : entry;
		}
		const written = this.deltas.istanbul(counting);
		for (const entry of Object.values(coverage))
			reset(entry);
		return written;
	}
}

/* Counters start anew; the code has hold of these very objects. */
function reset(entry) {
	for (const counts of [entry.s, entry.f])
		for (const key of Object.keys(counts))
			counts[key] = 0;
	for (const counts of [entry.b, entry.bT ?? {}])
		for (const list of Object.values(counts))
			list.fill(0);
}

async function collectNyc({ root, args, coverage }) {
	const { load, config } = await nycConfig(root, args, coverage);
	const nyc = new (load('./index.js'))(config);
	for (const name of [].concat(config.require ?? []))
		createRequire(path.join(root, 'package.json'))(name);
	const { maps, broken } = readDeltas(coverage.folder);
	maps.forEach((map, index) => fs.writeFileSync(
		path.join(config.tempDirectory, `worker-${index}.json`), JSON.stringify(map)));
	if (config.all)
		await nyc.addAllFiles();
	fs.rmSync(path.join(config.tempDirectory, 'processinfo'), { recursive: true, force: true });
	const map = await nyc.getCoverageMapFromAllCoverageFiles(config.tempDirectory);
	return { map: map.toJSON(), broken: broken.length };
}

/* ---- V8 ---- */

class V8 {
	static async open(root, args, coverage) {
		const self = new V8();
		self.folder = path.join(coverage.folder, 'v8');
		self.home = `${pathToFileURL(root).href}/`;
		self.count = 0;
		self.known = new Set();
		fs.mkdirSync(self.folder, { recursive: true });
		// Makes node keep the source maps of what it loads; and what tests start writes its own coverage there.
		process.env.NODE_V8_COVERAGE = self.folder;
		self.session = new inspector.Session();
		self.session.connect();
		self.post('Profiler.enable');
		self.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
		return self;
	}

	/* A session of this very thread answers before post() returns. */
	post(method, params) {
		let answer;
		this.session.post(method, params, (error, result) => {
			if (error)
				throw new Error(error.message);
			answer = result;
		});
		return answer;
	}

	sourceMap(url) {
		const map = findSourceMap(fileURLToPath(url));
		return map ? { lineLengths: map.lineLengths, data: map.payload, url: null } : undefined;
	}

	/* Taking resets the counters. Files have the form of those of NODE_V8_COVERAGE. */
	take() {
		const { result } = this.post('Profiler.takePreciseCoverage');
		const own = result.filter(({ url }) => url.startsWith(this.home) && !FOREIGN.test(url));
		const maps = {};
		for (const { url } of own) {
			if (this.known.has(url))
				continue;
			this.known.add(url);
			const map = this.sourceMap(url);
			if (map)
				maps[url] = map;
		}
		if (own.length === 0)
			return null;
		const file = path.join(this.folder, `coverage-${process.pid}-${String(++this.count).padStart(6, '0')}.json`);
		fs.writeFileSync(file, JSON.stringify({ result: own, 'source-map-cache': maps }), { mode: 0o600 });
		const hit = own.filter(({ functions }) => functions.some(({ ranges }) => ranges[0].count > 0));
		return { delta: file, touched: hit.map(({ url }) => fileURLToPath(url)) };
	}
}

async function collectC8({ root, args, coverage }) {
	const load = createRequire(createRequire(path.join(root, 'package.json')).resolve('c8/package.json'));
	const config = load('./lib/parse-args.js').buildYargs().parse([...args, 'mocha']);
	if (coverage.include.length)
		Object.assign(config, { include: coverage.include, all: true });
	if (coverage.exclude.length)
		config.exclude = coverage.exclude;
	const report = load('./lib/report.js')({
		...config, reporter: [], reporterOptions: {}, reportsDirectory: config['reports-dir'],
		tempDirectory: path.join(coverage.folder, 'v8'), monocartArgv: null,
	});
	const map = await report.getCoverageMapFromAllCoverageFiles();
	return { map: map.toJSON(), broken: 0 };
}

async function collectOwn({ root, coverage }) {
	const { collectV8 } = require('./coverage_own.cjs');
	return collectV8(root, path.join(coverage.folder, 'v8'), coverage);
}

/* ---- the suite ---- */

const tools = {
	nyc: { open: Nyc.open, collect: collectNyc },
	c8: { open: V8.open, collect: collectC8 },
	own: { open: V8.open, collect: collectOwn },
};

/* {take()}: call before anything of the project is loaded. */
async function open(root, coverage) {
	const { name, args } = chooseTool(root, coverage.tool);
	return tools[name].open(root, args, coverage);
}

/* One map of everything; {map, broken}. */
function collect(root, coverage) {
	const { name, args } = chooseTool(root, coverage.tool);
	const out = path.join(coverage.folder, 'map.json');
	const env = { ...process.env };
	for (const variable of ['NODE_V8_COVERAGE', 'NYC_CONFIG', 'NYC_CWD', 'NYC_PROCESS_ID', 'NODE_OPTIONS'])
		delete env[variable];
	const done = spawnSync(process.execPath, [__filename, JSON.stringify({ name, root, args, coverage, out })], {
		cwd: root, env, stdio: ['ignore', 'ignore', 'pipe'], maxBuffer: OUTPUT_BYTES * 16,
	});
	if (done.status !== 0)
		throw new Error(`${name} cannot make a map of it: ${String(done.stderr ?? done.error).trim().slice(-OUTPUT_BYTES)}`);
	return JSON.parse(fs.readFileSync(out, 'utf8'));
}

async function main() {
	const task = JSON.parse(process.argv[2]);
	const result = await tools[task.name].collect(task);
	fs.writeFileSync(task.out, JSON.stringify(result));
}

if (require.main === module)
	main().catch(error => {
		process.stderr.write(`${error?.stack ?? error}\n`);
		process.exit(1);
	});

module.exports = { V8, collect, open };
