// coverage merge and report against Istanbul's own libraries, and against themselves: the order and
// the grouping of inputs do not matter.
import assert from 'node:assert';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import * as maps from '../support/coverage_maps.mjs';
import { environment, muster } from './support.mjs';

const SEED = Number(process.env.COVERAGE_SEED ?? 4);
const SHARDS = 3;

function temporary(t) {
	const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'muster-coverage-')));
	t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
	return folder;
}

function run(args, cwd, expected = 0) {
	const env = environment({ HOME: cwd });
	const result = spawnSync(muster, ['coverage', ...args], { cwd, env, encoding: 'utf8', maxBuffer: 1e9 });
	assert.strictEqual(result.status, expected, `${args.join(' ')}\n${result.stderr}`);
	return result;
}

function write(folder, name, map) {
	const file = path.join(folder, name);
	fs.writeFileSync(file, typeof map === 'string' ? map : JSON.stringify(map));
	return file;
}

function merge(folder, inputs, expected = 0) {
	const out = path.join(folder, `merged-${inputs.map((i) => path.basename(i, '.json')).join('-')}.json`);
	run(['merge', ...inputs, '-o', out, '-q'], folder, expected);
	return out;
}

const read = (file) => JSON.parse(fs.readFileSync(file, 'utf8'));

// Thousands of files in each map: a program is started once, not once a pair.
function shards(folder, files, make) {
	const rng = maps.random(SEED);
	const all = Array.from({ length: SHARDS }, () => ({}));
	for (let i = 0; i < files; i++)
		make(rng, path.join(folder, 'src', `d${i % 7}`, `f${i}.js`)).forEach((one, k) => {
			if (one) all[k][one.path] = one;
		});
	return all.map((map, k) => write(folder, `shard${k}.json`, map));
}

const permutations = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];

// Some only know that there is such a file (`all`), to be overruled by who has loaded it.
const never = { next: () => 0, below: () => 0, chance: () => true };
const same = (rng, file) => {
	const shape = maps.skeleton(rng);
	return [0, 1, 2].map(() => (rng.chance(0.1) ? null
		: rng.chance(0.1) ? maps.fileCoverage(never, file, shape, { all: true })
			: maps.fileCoverage(rng, file, shape)));
};
const different = (rng, file) => {
	const shape = maps.skeleton(rng);
	const shapes = [shape, maps.variation(rng, shape), maps.variation(rng, shape)];
	return shapes.map((s) => (rng.chance(0.05) ? null : maps.fileCoverage(rng, file, s, { hash: String(rng.below(9)) })));
};

test('what istanbul-lib-coverage makes of two maps, thousands of pairs', (t) => {
	const folder = temporary(t);
	for (const [make, files] of [[same, 800], [different, 1500]]) {
		const inputs = shards(folder, files, make).slice(0, 2);
		const ours = read(merge(folder, inputs));
		const theirs = maps.istanbulMerge(inputs.map(read));
		assert.deepStrictEqual(Object.keys(ours).sort(), theirs.files().sort());
		for (const file of theirs.files()) {
			const other = theirs.fileCoverageFor(file);
			assert.deepStrictEqual(maps.byPlace(ours[file]), maps.byPlace(other.data), file);
			assert.deepStrictEqual(maps.createCoverageMap({ [file]: ours[file] }).getCoverageSummary().toJSON(),
				maps.createCoverageMap({ [file]: other.data }).getCoverageSummary().toJSON());
		}
	}
});

test('the order of inputs does not matter, nor how they are grouped', (t) => {
	const folder = temporary(t);
	for (const [make, files] of [[same, 150], [different, 400]]) {
		const inputs = shards(folder, files, make);
		const whole = fs.readFileSync(merge(folder, inputs));
		for (const order of permutations) {
			const [a, b, c] = order.map((i) => inputs[i]);
			assert.ok(whole.equals(fs.readFileSync(merge(folder, [a, b, c]))), `${order}`);
			const pair = merge(folder, [a, b]);
			assert.ok(whole.equals(fs.readFileSync(merge(folder, [pair, c]))), `(${order})`);
			assert.ok(whole.equals(fs.readFileSync(merge(folder, [c, pair]))), `(${order}) reversed`);
		}
		assert.ok(whole.equals(fs.readFileSync(merge(folder, [merge(folder, inputs)]))), 'again');
	}
});

test('shards together are one run', (t) => {
	const folder = temporary(t);
	const rng = maps.random(SEED);
	const shape = maps.skeleton(rng);
	const file = path.join(folder, 'a.js');
	const parts = [0, 1, 2].map(() => maps.fileCoverage(rng, file, shape));
	const sum = structuredClone(parts[0]);
	for (const part of parts.slice(1)) {
		for (const kind of ['s', 'f']) for (const id in sum[kind]) sum[kind][id] += part[kind][id];
		for (const id in sum.b) sum.b[id] = sum.b[id].map((n, i) => n + part.b[id][i]);
	}
	const inputs = parts.map((part, i) => write(folder, `p${i}.json`, { [file]: part }));
	assert.deepStrictEqual(read(merge(folder, inputs)), { [file]: sum });
});

test('maps that another tool has changed count as they are', (t) => {
	const folder = temporary(t);
	const inputs = shards(folder, 5, different);
	const merged = merge(folder, inputs);
	const map = read(merged);
	const file = Object.keys(map).find((name) => map[name].musterVersions);
	map[file].s['0'] += 1000000;
	const changed = write(folder, 'changed.json', map);
	const out = read(merge(folder, [changed]));
	assert.strictEqual(out[file].s['0'], map[file].s['0']);
	assert.match(run(['merge', changed, '-o', 'x.json'], folder).stderr, /no longer those of the versions/);
});

function compareReports(folder, inputs, root) {
	const theirs = path.join(folder, 'theirs');
	fs.mkdirSync(theirs, { recursive: true });
	maps.istanbulReports(theirs, maps.istanbulMerge(inputs.map(read)), root);
	const out = path.join(folder, 'ours');
	run(['report', ...inputs, '--root', root, '-o', out, '-q', '--reporter', 'lcov,cobertura,json-summary'], folder);
	for (const name of ['text', 'text-summary'])
		write(out, name, run(['report', ...inputs, '-q', '--reporter', name], folder).stdout);
	for (const name of ['lcov.info', 'cobertura-coverage.xml', 'coverage-summary.json', 'text', 'text-summary']) {
		const [ours, other] = [out, theirs].map((dir) => fs.readFileSync(path.join(dir, name), 'utf8')
			.replace(/ timestamp="\d+"/, ' timestamp="0"').split('\n'));
		const first = ours.findIndex((line, i) => line !== other[i]);
		assert.ok(first < 0 && ours.length === other.length,
			`${name}:${first + 1}\n  ours:   ${ours[first]}\n  theirs: ${other[first]}`);
	}
}

test('reports of real packages are those of Istanbul, to the byte', (t) => {
	const folder = temporary(t);
	const rng = maps.random(SEED);
	const real = maps.instrumented(1.2e6);
	const inputs = [0, 1, 2].map((i) => write(folder, `r${i}.json`, maps.withHits(real, rng)));
	compareReports(folder, inputs, maps.fixture);
	// one folder only, and files right in the common folder
	const names = Object.keys(real);
	const dir = path.dirname(names[0]);
	const some = (f) => Object.fromEntries(names.filter(f).map((n) => [n, maps.withHits({ [n]: real[n] }, rng)[n]]));
	compareReports(folder, [write(folder, 'one.json', some((n) => path.dirname(n) === dir))], maps.fixture);
	compareReports(folder, [write(folder, 'single.json', some((n) => n === names[0]))], dir);
});

test('reports of made up maps are those of Istanbul, to the byte', (t) => {
	const folder = temporary(t);
	const rng = maps.random(SEED);
	const places = ['a.js', 'b/ü-😀.js', 'b/\uffee.js', 'b/c/x.js', 'b-c/x.js', 'b.c/10.js', 'b/c/9.js',
		'a-long-name-of-a-folder/with/more/below/it-that-does-not-fit/file.js', 'z/__proto__', 'z/constructor'];
	for (let round = 0; round < 25; round++) {
		const map = {};
		for (const place of places.filter(() => rng.chance(0.6))) {
			const file = path.join(folder, round % 2 ? 'src' : '', place);
			const shape = rng.chance(0.1) ? { s: [], f: [], b: [] } : maps.skeleton(rng, 200 + rng.below(3000));
			map[file] = maps.fileCoverage(rng, file, shape);
			if (rng.chance(0.3)) for (const id in map[file].s) map[file].s[id] ||= 1;
		}
		compareReports(folder, [write(folder, `m${round}.json`, map)], folder);
	}
});
