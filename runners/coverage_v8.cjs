// V8 ranges as Istanbul maps, for projects that bring no tool of their own for it (c8, v8-to-istanbul).
// The rules are those of v8-to-istanbul: a line is a statement, every block V8 tells of is a branch. With a
// source map a line counts as executed when any code of it was.
'use strict';

/* ---- sums ---- */

const covers = (outer, inner) => outer.startOffset <= inner.startOffset && outer.endOffset >= inner.endOffset;
const sizeOf = range => range.endOffset - range.startOffset;

/* How often the block ran in this function: what the smallest range around it says. */
function countIn(ranges, block) {
	let best = null;
	for (const range of ranges)
		if (covers(range, block) && (!best || sizeOf(range) <= sizeOf(best)))
			best = range;
	return best ? best.count : 0;
}

/* The same function in several runs: every block that any of them tells of, with the sum of its counts. */
function mergeFunction(versions) {
	if (versions.length === 1)
		return versions[0];
	const blocks = new Map();
	for (const { ranges } of versions)
		for (const { startOffset, endOffset } of ranges)
			blocks.set(`${startOffset}-${endOffset}`, { startOffset, endOffset, count: 0 });
	for (const block of blocks.values())
		for (const { ranges } of versions)
			block.count += countIn(ranges, block);
	const ranges = [...blocks.values()].sort((a, b) => a.startOffset - b.startOffset || b.endOffset - a.endOffset);
	return { ...versions[0], ranges, isBlockCoverage: versions.some(version => version.isBlockCoverage) };
}

/* [[{url, functions}]] of many runs -> Map of url to functions. */
function mergeRuns(runs) {
	const scripts = new Map();
	for (const { url, functions } of runs.flat()) {
		if (!scripts.has(url))
			scripts.set(url, new Map());
		const known = scripts.get(url);
		for (const fn of functions) {
			const { startOffset, endOffset } = fn.ranges[0];
			const key = `${startOffset}-${endOffset}`;
			known.set(key, [...(known.get(key) ?? []), fn]);
		}
	}
	return new Map([...scripts].map(([url, known]) => [url, [...known.values()].map(mergeFunction)]));
}

/* ---- places ---- */

/* Offsets of the lines of a text. */
function linesOf(source) {
	const lines = [];
	for (let start = 0; ;) {
		const at = source.indexOf('\n', start);
		const end = at < 0 ? source.length : at;
		lines.push({ start, end: end - (source[end - 1] === '\r' ? 1 : 0) });
		start = at + 1;
		if (at < 0 || start === source.length)
			return lines;
	}
}

/* Line (from 1) and column (from 0) of an offset. */
function placeOf(lines, offset) {
	let low = 0;
	let high = lines.length - 1;
	while (low < high) {
		const middle = (low + high + 1) >> 1;
		if (lines[middle].start <= offset)
			low = middle;
		else
			high = middle - 1;
	}
	return { line: low + 1, column: Math.min(offset, lines[low].end) - lines[low].start };
}

const DIGITS = new Map([...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'].map((c, i) => [c, i]));

/* One segment of a source map: up to five signed numbers. */
function numbersOf(segment) {
	const numbers = [];
	let value = 0;
	let shift = 0;
	for (const c of segment) {
		const digit = DIGITS.get(c);
		if (digit === undefined)
			return [];
		value += (digit & 31) * 2 ** shift;
		shift += 5;
		if (digit & 32)
			continue;
		numbers.push(value % 2 ? -Math.floor(value / 2) : value / 2);
		value = shift = 0;
	}
	return numbers;
}

/* [{line, column, source, originalLine, originalColumn}] in the order of the generated text; all from 0. */
function mappingsOf(map) {
	const mappings = [];
	let source = 0;
	let originalLine = 0;
	let originalColumn = 0;
	String(map.mappings).split(';').forEach((text, line) => {
		let column = 0;
		for (const segment of text.split(',')) {
			const [columns, sources, lines, originals] = numbersOf(segment);
			if (columns === undefined)
				continue;
			column += columns;
			if (originals === undefined)
				continue;
			source += sources;
			originalLine += lines;
			originalColumn += originals;
			mappings.push({ line, column, source, originalLine, originalColumn });
		}
	});
	return mappings;
}

/* ---- maps ---- */

const emptyMap = file => ({ path: file, statementMap: {}, fnMap: {}, branchMap: {}, s: {}, f: {}, b: {}, all: false });

function addStatement(map, line, width, count) {
	const id = Object.keys(map.s).length;
	map.statementMap[id] = { start: { line, column: 0 }, end: { line, column: width } };
	map.s[id] = count;
}

function addFunction(map, name, loc, count) {
	const id = Object.keys(map.f).length;
	map.fnMap[id] = { name: name || `(anonymous_${id})`, decl: loc, loc, line: loc.start.line };
	map.f[id] = count;
}

function addBranch(map, loc, count) {
	const id = Object.keys(map.b).length;
	map.branchMap[id] = { type: 'branch', line: loc.start.line, loc, locations: [loc] };
	map.b[id] = [count];
}

/* Functions and branches, placed by locate(range) -> {map, loc} or null. */
function addBlocks(functions, locate) {
	for (const { functionName, isBlockCoverage, ranges } of functions) {
		ranges.forEach((range, index) => {
			const place = isBlockCoverage || (functionName && index === 0) ? locate(range) : null;
			if (!place)
				return;
			if (isBlockCoverage)
				addBranch(place.map, place.loc, range.count);
			if (functionName && index === 0)
				addFunction(place.map, functionName, place.loc, range.count);
		});
	}
}

/* Ranges from the outermost to the innermost: who comes later knows better. */
function sortedRanges(functions) {
	return functions.flatMap(fn => fn.ranges).sort((a, b) => sizeOf(b) - sizeOf(a));
}

function withoutSourceMap(file, source, functions) {
	const map = emptyMap(file);
	const lines = linesOf(source);
	const counts = lines.map(() => 1);
	for (const range of sortedRanges(functions)) {
		const from = placeOf(lines, range.startOffset).line - 1;
		for (let i = from; i < lines.length && lines[i].end <= range.endOffset; i++)
			if (lines[i].start >= range.startOffset)
				counts[i] = range.count;
	}
	lines.forEach(({ start, end }, index) => addStatement(map, index + 1, end - start, counts[index]));
	addBlocks(functions, ({ startOffset, endOffset }) => ({
		map, loc: { start: placeOf(lines, startOffset), end: placeOf(lines, endOffset) },
	}));
	return [map];
}

/* The count at each mapping; all sorted by offset. */
function countsAt(offsets, functions) {
	const counts = offsets.map(() => 1);
	for (const { startOffset, endOffset, count } of sortedRanges(functions)) {
		let low = 0;
		let high = offsets.length;
		while (low < high) {
			const middle = (low + high) >> 1;
			if (offsets[middle] < startOffset)
				low = middle + 1;
			else
				high = middle;
		}
		for (; low < offsets.length && offsets[low] < endOffset; low++)
			counts[low] = count;
	}
	return counts;
}

/*
 * `resolve(source, index)` gives the original file's path, or null for what does not count. `lineStarts`: offsets
 * of the generated lines.
 */
function withSourceMap(lineStarts, sourceMap, resolve, functions) {
	const files = (sourceMap.sources ?? []).map(resolve);
	const mappings = mappingsOf(sourceMap).filter(m => m.line < lineStarts.length && files[m.source]);
	const offsets = mappings.map(m => lineStarts[m.line] + m.column);
	const counts = countsAt(offsets, functions);
	const hits = new Map(files.filter(Boolean).map(file => [file, new Map()]));
	mappings.forEach(({ source, originalLine }, index) => {
		const lines = hits.get(files[source]);
		lines.set(originalLine + 1, Math.max(lines.get(originalLine + 1) ?? 0, counts[index]));
	});
	const maps = new Map([...hits.keys()].map(file => [file, emptyMap(file)]));
	for (const [file, lines] of hits)
		for (const [line, count] of [...lines].sort(([a], [b]) => a - b))
			addStatement(maps.get(file), line, Number.MAX_SAFE_INTEGER, count);
	const original = m => ({ line: m.originalLine + 1, column: m.originalColumn });
	addBlocks(functions, ({ startOffset, endOffset }) => {
		const first = offsets.findIndex(offset => offset >= startOffset);
		const last = offsets.findLastIndex(offset => offset < endOffset);
		if (first < 0 || last < first || mappings[first].source !== mappings[last].source)
			return null;
		return {
			map: maps.get(files[mappings[first].source]),
			loc: { start: original(mappings[first]), end: original(mappings[last]) },
		};
	});
	return [...maps.values()];
}

module.exports = { linesOf, mergeRuns, withSourceMap, withoutSourceMap };
