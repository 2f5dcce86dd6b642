// Coverage maps for tests: made up (seeded), or of real packages instrumented by Istanbul, and
// Istanbul itself to compare with.
import fs from 'node:fs';
import path from 'node:path';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
export const fixture = path.resolve(here, '../fixtures/coverage');
const require = createRequire(path.join(fixture, 'package.json'));
export const { createCoverageMap } = require('istanbul-lib-coverage');

export function random(seed) {
	let state = seed >>> 0;
	const next = () => {
		state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
		return state / 2 ** 32;
	};
	return { next, below: (n) => Math.floor(next() * n), chance: (p) => next() < p };
}

const at = (p) => ({ line: Math.floor(p / 100) + 1, column: p % 100 });
const loc = ([from, to]) => ({ start: at(from), end: at(to) });

// Ranges that nest as those of a program do: none crosses another.
function nested(rng, from, to, depth, out) {
	let p = from;
	while (p < to - 2) {
		const start = p + rng.below(20);
		const end = start + 1 + rng.below(Math.max(1, Math.min(to - start - 1, 400)));
		if (end >= to) break;
		out.push([start, end]);
		if (depth < 4 && rng.chance(0.6)) nested(rng, start, end, depth + 1, out);
		p = end + rng.below(30);
	}
	return out;
}

const unique = (ranges) => [...new Map(ranges.map((r) => [r.join(), r])).values()];

export function skeleton(rng, size = 800) {
	const pick = (p) => unique(nested(rng, 0, size, 0, [])).filter(() => rng.chance(p));
	return {
		s: pick(0.8),
		f: pick(0.3),
		b: pick(0.3).map((range) => ({ range, arms: 1 + rng.below(3) })),
	};
}

// The same program at another time: lines moved, things gone and come.
export function variation(rng, shape) {
	const shift = rng.chance(0.4) ? 100 * rng.below(3) : 0;
	const move = ([a, b]) => [a + shift, b + shift];
	const keep = () => rng.chance(0.85);
	const other = skeleton(rng);
	const more = rng.chance(0.5) ? 0.15 : 0;
	const s = [...shape.s.filter(keep).map(move), ...other.s.filter(() => rng.chance(more))];
	const f = [...shape.f.filter(keep).map(move), ...other.f.filter(() => rng.chance(more))];
	const b = [...shape.b.filter(keep).map((x) => ({ ...x, range: move(x.range) })),
		...other.b.filter(() => rng.chance(more))];
	return { s: unique(s), f: unique(f), b: [...new Map(b.map((x) => [x.range.join(), x])).values()] };
}

export function fileCoverage(rng, file, shape, extra = {}) {
	const hit = () => (rng.chance(0.5) ? 0 : rng.below(1000));
	const map = (list, make) => Object.fromEntries(list.map((x, i) => [i, make(x, i)]));
	return {
		path: file,
		statementMap: map(shape.s, loc),
		fnMap: map(shape.f, (r, i) => ({ name: `f${i}`, decl: loc(r), loc: loc(r), line: loc(r).start.line })),
		branchMap: map(shape.b, ({ range, arms }) => ({
			loc: loc(range), type: 'switch', line: loc(range).start.line,
			locations: Array.from({ length: arms }, (_, i) => loc([range[0] + i, range[1]])),
		})),
		s: map(shape.s, hit),
		f: map(shape.f, hit),
		b: map(shape.b, ({ arms }) => Array.from({ length: arms }, hit)),
		...extra,
	};
}

export function istanbulMerge(maps) {
	const merged = createCoverageMap({});
	for (const map of maps) merged.merge(structuredClone(map));
	return merged;
}

// Counts by place: ids and order of entries are nobody's business.
export function byPlace(data) {
	const key = (l) => [l.start?.line, l.start?.column, l.end?.line, l.end?.column].join('|');
	const out = {};
	for (const [id, l] of Object.entries(data.statementMap)) out[`s ${key(l)}`] = data.s[id];
	for (const [id, f] of Object.entries(data.fnMap)) out[`f ${key(f.loc)}`] = data.f[id];
	for (const [id, b] of Object.entries(data.branchMap)) out[`b ${key(b.locations[0])}`] = data.b[id];
	return out;
}

// Maps of real packages of the fixture, `bytes` of JSON or a little more, hits all 0.
export function instrumented(bytes, root = path.join(fixture, 'node_modules')) {
	const { createInstrumenter } = require('istanbul-lib-instrument');
	const instrumenter = createInstrumenter({ esModules: true, compact: false });
	const maps = {};
	let size = 0;
	const walk = (folder) => {
		for (const name of fs.readdirSync(folder).sort()) {
			const file = path.join(folder, name);
			const stat = fs.lstatSync(file);
			if (size >= bytes) return;
			if (stat.isDirectory()) walk(file);
			if (!stat.isFile() || !/(?<!\.min)\.js$/.test(name)) continue;
			try {
				instrumenter.instrumentSync(fs.readFileSync(file, 'utf8'), file);
			} catch {
				continue; // not JavaScript that Babel reads
			}
			const coverage = instrumenter.lastFileCoverage();
			maps[file] = coverage;
			size += JSON.stringify(coverage).length;
		}
	};
	walk(root);
	return maps;
}

export function withHits(maps, rng) {
	const out = {};
	for (const [file, map] of Object.entries(maps)) {
		const loaded = rng.chance(0.7);
		const hit = () => (loaded && rng.chance(0.6) ? Math.floor(rng.next() ** 4 * 1000) : 0);
		const each = (counts, f) => Object.fromEntries(Object.entries(counts).map(([k, v]) => [k, f(v)]));
		out[file] = { ...map, s: each(map.s, hit), f: each(map.f, hit), b: each(map.b, (arms) => arms.map(hit)) };
	}
	return out;
}

export function istanbulReports(folder, map, root) {
	const { createContext } = require('istanbul-lib-report');
	const reports = require('istanbul-reports');
	const context = createContext({ dir: folder, coverageMap: map });
	for (const [name, options] of [
		['text', { file: 'text', maxCols: 80 }],
		['text-summary', { file: 'text-summary' }],
		['lcovonly', { projectRoot: root }],
		['cobertura', { projectRoot: root, timestamp: '0' }],
		['json-summary', {}],
	])
		reports.create(name, options).execute(context);
}
