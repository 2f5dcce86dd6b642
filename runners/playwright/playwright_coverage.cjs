// Coverage of a Playwright suite: what its workers saw in pages of Chromium, and what its web servers counted
// of themselves, as one Istanbul map.
'use strict';

const fs = require('fs');
const path = require('path');
const { spawnSync } = require('child_process');
const { createRequire } = require('module');
const { sources } = require('./coverage_files.cjs');
const { linesOf, mergeRuns, withSourceMap, withoutSourceMap } = require('./coverage_v8.cjs');

const FLUSH_MS = 2000;
const OUTPUT_BYTES = 64 * 1024;
const SERVED_FROM = ['', 'public', 'src', 'static', 'www', 'app', 'dist', 'build'];

/* ---- in the adapter ---- */

/* The environment in which Playwright starts workers and web servers. */
function prepare(init) {
	const preload = path.join(__dirname, 'playwright_preload.cjs').replace(/[\\"]/g, '\\$&');
	fs.mkdirSync(path.join(init.coverage.folder, 'browser'), { recursive: true });
	process.env.MUSTER_PLAYWRIGHT_COVERAGE = JSON.stringify({ root: init.root, coverage: init.coverage });
	process.env.NODE_OPTIONS = `${process.env.NODE_OPTIONS ?? ''} --require "${preload}"`.trim();
}

const sleepCell = new Int32Array(new SharedArrayBuffer(4));

/* All tests have ended: web servers write what they have counted, before they are killed. */
function flushServers({ folder }) {
	const waiting = () => fs.readdirSync(folder).some(name => name.startsWith('server-'));
	fs.writeFileSync(path.join(folder, 'flush'), '');
	for (const limit = Date.now() + FLUSH_MS; waiting() && Date.now() < limit;)
		Atomics.wait(sleepCell, 0, 0, 20);
}

/* Deltas that have come in since the last call: [{delta, test, touched}]. */
class Arrivals {
	constructor(init) {
		this.folder = path.join(init.coverage.folder, 'browser');
		this.seen = new Set();
		this.places = new Places(init.root, init.coverage);
	}

	take() {
		const arrived = [];
		for (const name of fs.readdirSync(this.folder).filter(entry => entry.endsWith('.json')).sort()) {
			if (this.seen.has(name))
				continue;
			this.seen.add(name);
			const delta = path.join(this.folder, name);
			const { test, scripts, istanbul } = JSON.parse(fs.readFileSync(delta, 'utf8'));
			const hit = scripts.filter(({ functions }) => functions.some(({ ranges }) => ranges[0].count > 0));
			arrived.push({
				delta, test,
				touched: [...hit.flatMap(script => this.places.filesOf(script)), ...istanbul.flatMap(map => Object.keys(map))],
			});
		}
		return arrived;
	}
}

/* ---- which file a script is ---- */

class Places {
	constructor(root, coverage) {
		this.root = root;
		this.counts = sources(root, coverage).counts;
		this.known = new Map();
	}

	exists(file) {
		if (!this.known.has(file))
			this.known.set(file, fs.existsSync(file) && fs.statSync(file).isFile());
		return this.known.get(file);
	}

	/* The path of a URL, below the root or one of the folders that are served as it; the text must be the file's. */
	find(url, text) {
		let name;
		try {
			name = decodeURIComponent(new URL(url, 'file:///').pathname);
		} catch {
			return null;
		}
		const parts = name.split('/').filter(part => part && part !== '.' && part !== '..');
		const candidates = [path.resolve('/', ...parts)];
		for (let i = 0; i < parts.length; i++)
			for (const folder of SERVED_FROM)
				candidates.push(path.join(this.root, folder, ...parts.slice(i)));
		for (const file of candidates)
			if (this.counts(file) && this.exists(file) &&
				(text === undefined || text === null || fs.readFileSync(file, 'utf8') === text))
				return file;
		return null;
	}

	/* Original files of a script with a source map, in the order of the map; else the script's own. */
	resolve(script, map) {
		return map.sources.map((source, index) => {
			const name = source.replace(/^webpack:\/\/[^/]*\//, '').replace(/\?.*$/, '');
			const url = /^[a-z]+:/.test(name) ? name : new URL(`${map.sourceRoot ?? ''}${name}`, script.url).href;
			return this.find(url, map.sourcesContent?.[index]);
		});
	}

	filesOf(script) {
		const map = parseMap(script);
		return (map ? this.resolve(script, map) : [this.find(script.url, script.source)]).filter(Boolean);
	}
}

function parseMap({ map }) {
	try {
		const parsed = JSON.parse(map ?? 'null');
		return Array.isArray(parsed?.sources) && typeof parsed.mappings === 'string' ? parsed : null;
	} catch {
		return null;
	}
}

/* ---- the map, in a process of its own ---- */

function convert(places, script, functions) {
	const map = parseMap(script);
	if (!map) {
		const file = places.find(script.url, script.source);
		return file ? withoutSourceMap(file, script.source, functions) : [];
	}
	const files = places.resolve(script, map);
	const starts = linesOf(script.source).map(({ start }) => start);
	return withSourceMap(starts, map, (source, index) => files[index], functions);
}

/* Maps of the same file add up where they agree; else the first one counts and the others are dropped. */
function add(merged, entry) {
	const known = merged[entry.path];
	const same = known && JSON.stringify([known.statementMap, known.fnMap, known.branchMap]) ===
		JSON.stringify([entry.statementMap, entry.fnMap, entry.branchMap]);
	if (!known)
		merged[entry.path] = entry;
	if (!same)
		return;
	for (const name of ['s', 'f'])
		for (const key of Object.keys(known[name]))
			known[name][key] += entry[name][key];
	for (const key of Object.keys(known.b))
		known.b[key] = known.b[key].map((count, index) => count + entry.b[key][index]);
}

function readBrowser(folder) {
	const result = { scripts: new Map(), runs: [], istanbul: [], broken: 0 };
	for (const name of fs.readdirSync(folder).filter(entry => entry.endsWith('.json')).sort()) {
		try {
			const { scripts, istanbul } = JSON.parse(fs.readFileSync(path.join(folder, name), 'utf8'));
			result.istanbul.push(...istanbul);
			result.runs.push(scripts.map(script => {
				const id = `${script.url}\0${script.source}`; // a script may change while the tests run
				result.scripts.set(id, script);
				return { url: id, functions: script.functions };
			}));
		} catch {
			result.broken++;
		}
	}
	return result;
}

/* The tools that instrument code bring it along, as a dependency of theirs. */
function findInProject(root, name) {
	const start = createRequire(path.join(root, 'package.json'));
	for (const tool of [null, 'nyc', 'babel-plugin-istanbul', 'vite-plugin-istanbul', 'jest', '@jest/reporters']) {
		try {
			return (tool ? createRequire(start.resolve(`${tool}/package.json`)) : start)(name);
		} catch {
			// the next one may have it
		}
	}
	return null;
}

/* Instrumented after it was compiled: places become those of what was written. Without the project's own tools
 * they stay as they are, and whoever reads the map says so. */
async function originals(root, map) {
	const { createCoverageMap } = findInProject(root, 'istanbul-lib-coverage') ?? {};
	const { createSourceMapStore } = findInProject(root, 'istanbul-lib-source-maps') ?? {};
	if (!createCoverageMap || !createSourceMapStore)
		return map;
	const mapped = await createSourceMapStore({ baseDir: root }).transformCoverage(createCoverageMap(map));
	return mapped.toJSON();
}

async function instrumentedPages(root, istanbul) {
	const plain = {};
	const compiled = {};
	for (const entry of istanbul.flatMap(Object.values))
		add(entry.inputSourceMap ? compiled : plain, entry);
	return [plain, Object.keys(compiled).length ? await originals(root, compiled) : compiled].flatMap(Object.values);
}

async function collectAll({ root, coverage }) {
	const { collectV8 } = require('./coverage_own.cjs');
	const places = new Places(root, coverage);
	const { scripts, runs, istanbul, broken } = readBrowser(path.join(coverage.folder, 'browser'));
	const map = {};
	for (const [id, functions] of mergeRuns(runs))
		for (const entry of convert(places, scripts.get(id), functions))
			add(map, entry);
	for (const entry of await instrumentedPages(root, istanbul))
		if (places.counts(entry.path))
			add(map, entry);
	const servers = path.join(coverage.folder, 'v8');
	fs.mkdirSync(servers, { recursive: true });
	const served = collectV8(root, servers, coverage);
	for (const [file, entry] of Object.entries(served.map))
		if (!entry.all || !map[file])
			add(map, entry);
	return { map, broken: broken + served.broken };
}

/* One map of everything; {map, broken}. */
function collect(root, coverage) {
	const out = path.join(coverage.folder, 'map.json');
	const env = { ...process.env };
	for (const variable of ['NODE_OPTIONS', 'NODE_V8_COVERAGE', 'MUSTER_PLAYWRIGHT_COVERAGE'])
		delete env[variable];
	const done = spawnSync(process.execPath, [__filename, JSON.stringify({ root, coverage, out })], {
		cwd: root, env, stdio: ['ignore', 'ignore', 'pipe'], maxBuffer: OUTPUT_BYTES * 16,
	});
	if (done.status !== 0)
		throw new Error(`cannot make a map of it: ${String(done.stderr ?? done.error).trim().slice(-OUTPUT_BYTES)}`);
	return JSON.parse(fs.readFileSync(out, 'utf8'));
}

if (require.main === module) {
	const task = JSON.parse(process.argv[2]);
	collectAll(task).then(result => fs.writeFileSync(task.out, JSON.stringify(result)), error => {
		process.stderr.write(`${error?.stack ?? error}\n`);
		process.exit(1);
	});
}

module.exports = { Arrivals, collect, flushServers, prepare };
