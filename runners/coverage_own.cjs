// From a folder of V8 coverage (files as NODE_V8_COVERAGE makes them) to an Istanbul map.
'use strict';

const fs = require('fs');
const path = require('path');
const { fileURLToPath, pathToFileURL } = require('url');
const { sources } = require('./coverage_files.cjs');
const { linesOf, mergeRuns, withSourceMap, withoutSourceMap } = require('./coverage_v8.cjs');

/* {runs, sourceMaps, broken} of all files in the folder. */
function readFolder(folder) {
	const runs = [];
	const sourceMaps = new Map();
	let broken = 0;
	for (const name of fs.readdirSync(folder).filter(entry => entry.endsWith('.json')).sort()) {
		try {
			const { result, 'source-map-cache': maps } = JSON.parse(fs.readFileSync(path.join(folder, name), 'utf8'));
			runs.push(result.filter(({ url }) => url.startsWith('file://')));
			for (const [url, map] of Object.entries(maps ?? {}))
				if (map?.data)
					sourceMaps.set(url, map);
		} catch {
			broken++;
		}
	}
	return { runs, sourceMaps, broken };
}

function lineStarts(lengths) {
	let at = 0;
	return lengths.map(length => {
		const start = at;
		at += length + 1;
		return start;
	});
}

/* Original files as the map names them, relative to the generated one. */
function originals(url, { sourceRoot }) {
	const base = new URL(sourceRoot ? `${sourceRoot.replace(/\/*$/, '/')}` : '.', url);
	return source => {
		try {
			return fileURLToPath(new URL(source, base));
		} catch {
			return null;
		}
	};
}

/* The map an inline comment or a file beside it holds; for a file that was never loaded. */
function convert(url, functions, sourceMap, counts) {
	const file = fileURLToPath(url);
	if (!sourceMap) {
		if (!counts(file) || !fs.existsSync(file))
			return [];
		return withoutSourceMap(file, fs.readFileSync(file, 'utf8'), functions);
	}
	const locate = originals(url, sourceMap.data);
	const lengths = sourceMap.lineLengths ?? linesOf(fs.readFileSync(file, 'utf8')).map(({ start, end }) => end - start);
	return withSourceMap(lineStarts(lengths), sourceMap.data, source => {
		const original = locate(source);
		return original && counts(original) ? original : null;
	}, functions);
}

function neverLoaded(file) {
	const source = fs.readFileSync(file, 'utf8');
	return withoutSourceMap(file, source, [{
		functionName: '(empty-report)', isBlockCoverage: true,
		ranges: [{ startOffset: 0, endOffset: source.length, count: 0 }],
	}]).map(map => ({ ...map, all: true }));
}

/* {map, broken}. Files that no test loads count when muster.yaml says what does. */
function collectV8(root, folder, coverage) {
	const { runs, sourceMaps, broken } = readFolder(folder);
	const { counts, all } = sources(root, coverage);
	const map = {};
	for (const [url, functions] of mergeRuns(runs))
		for (const entry of convert(url, functions, sourceMaps.get(url), counts))
			map[entry.path] ??= entry;
	if (coverage.include.length)
		for (const file of all())
			if (!map[file] && !sourceMaps.has(pathToFileURL(file).href))
				for (const entry of neverLoaded(file))
					map[entry.path] = entry;
	return { map, broken };
}

module.exports = { collectV8 };
