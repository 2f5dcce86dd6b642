// What one test file has executed, written as it goes, so that a worker that dies takes at most the
// running file's with it; and all of it read again at the end of the suite. The format is private to the
// adapters: docs/design/coverage.md.
//
// A delta is {istanbul: [entry], v8: [script]}. A worker writes the maps of a source file once, with its
// first delta; then only hits, as plain lists in the order of the map's keys. What was not hit is left
// out from then on.
'use strict';

const { createHash } = require('crypto');
const { mkdirSync, readFileSync, readdirSync, renameSync, writeFileSync } = require('fs');
const path = require('path');
const { bound, send } = require('./channel.cjs');

const { parse, stringify } = JSON;
const { keys, values } = Object;
const COUNTERS = ['s', 'f', 'b', 'bT'];

const isHit = counts => values(counts ?? {}).some(count => (Array.isArray(count) ? count.some(Boolean) : count > 0));
const wasHit = entry => isHit(entry.s) || isHit(entry.f) || isHit(entry.b);

/* Entries with the same key have the same maps: instrumenters hash what they found. */
function keyOf(entry) {
	const maps = entry.hash ?? createHash('sha1').update(stringify(
		[entry.statementMap, entry.fnMap, entry.branchMap])).digest('hex');
	return `${entry.path}\0${maps}`;
}

class Deltas {
	/* `folder` belongs to the suite; workers share it. */
	constructor(folder) {
		this.folder = folder;
		this.count = 0;
		this.known = new Set();
		mkdirSync(folder, { recursive: true });
	}

	write(delta) {
		const file = path.join(this.folder, `${process.pid}-${String(++this.count).padStart(6, '0')}.json`);
		writeFileSync(file, stringify(delta), { mode: 0o600 });
		return file;
	}

	/* An Istanbul map of what one test file did: {delta, touched[]}; null when it did nothing. */
	istanbul(map) {
		const istanbul = [];
		const touched = [];
		for (const entry of values(map)) {
			const key = keyOf(entry);
			const hit = wasHit(entry);
			if (hit)
				touched.push(entry.path);
			if (!this.known.has(key)) {
				this.known.add(key);
				istanbul.push({ key, entry });
			} else if (hit) {
				istanbul.push({ key, hits: COUNTERS.map(name => values(entry[name] ?? {})) });
			}
		}
		return istanbul.length ? { delta: this.write({ istanbul }), touched } : null;
	}

	/*
	 * Scripts as V8 counts them, [{url, functions, more}]: `more()` gives what is needed once to make sense of
	 * the script. touched[] has their urls.
	 */
	v8(scripts) {
		const v8 = [];
		const touched = [];
		for (const { url, functions, more } of scripts) {
			if (functions.some(({ ranges }) => ranges[0].count > 0))
				touched.push(url);
			const first = !this.known.has(url);
			this.known.add(url);
			v8.push({ url, functions, more: first ? more?.() : undefined });
		}
		return v8.length ? { delta: this.write({ v8 }), touched } : null;
	}
}

function addCounts(to, counts) {
	keys(to ?? {}).forEach((key, index) => {
		const count = counts[index];
		if (Array.isArray(count))
			count.forEach((n, branch) => { to[key][branch] += n; });
		else
			to[key] += count;
	});
}

/* Deltas of one worker follow each other in the order of their names; maps come before bare hits. */
function deltasIn(folder) {
	return readdirSync(folder).filter(name => /^\d+-\d+\.json$/.test(name)).sort().map(name => path.join(folder, name));
}

/*
 * Everything in the folder: {maps, runs, more, broken}. maps: one Istanbul map for each set of maps a file
 * had (mostly one map in all); runs: the V8 scripts of each delta; more: url -> what was kept of the script;
 * broken: deltas that cannot be read, which a worker was writing when it died.
 */
function readDeltas(folder) {
	const entries = new Map();
	const runs = [];
	const more = new Map();
	const broken = [];
	for (const file of deltasIn(folder)) {
		let delta;
		try {
			delta = parse(readFileSync(file, 'utf8'));
		} catch {
			broken.push(file);
			continue;
		}
		for (const { key, entry, hits } of delta.istanbul ?? []) {
			const known = entries.get(key);
			if (!known && entry)
				entries.set(key, entry);
			else if (known)
				COUNTERS.forEach((name, index) => addCounts(known[name], hits ? hits[index] : values(entry[name] ?? {})));
		}
		if (delta.v8)
			runs.push(delta.v8.map(script => {
				if (script.more && !more.has(script.url))
					more.set(script.url, script.more);
				return { url: script.url, functions: script.functions };
			}));
	}
	return { maps: spread(entries), runs, more, broken };
}

/* Files that were instrumented in more than one way go into different maps. */
function spread(entries) {
	const maps = [];
	for (const entry of entries.values()) {
		let map = maps.find(candidate => !Object.hasOwn(candidate, entry.path));
		if (!map)
			maps.push(map = {});
		map[entry.path] = entry;
	}
	return maps;
}

/*
 * Tells the engine of a delta, if there is one, and which sources the file has touched (absolute paths):
 * none is an answer, too, and a file that could not tell brings no `touched`.
 */
function tellDelta(written, identity, where) {
	const touched = written.touched && [...new Set(written.touched.map(file => where.relative(file)))];
	send('coverage', {
		...identity, delta: written.delta, text: touched && touched.filter(file => !file.includes('\n')).join('\n'),
	});
}

/* The engine's question at the end of a suite: one Istanbul map of it all, from collect() -> {map, broken}. */
async function answerCoverage(out, collect) {
	try {
		const { map, broken } = await collect();
		writeFileSync(`${out}.tmp`, stringify(map), { mode: 0o600 });
		renameSync(`${out}.tmp`, out);
		send('coverage_done', { delta: out, count: broken });
	} catch (error) {
		send('coverage_done', { text: bound(String(error?.stack ?? error)) });
	}
}

module.exports = { Deltas, answerCoverage, readDeltas, tellDelta };
