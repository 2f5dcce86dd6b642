// Writes coverage shards for the benchmark: coverage_inputs.mjs FOLDER BYTES SHARDS MODULES
// Maps are those of real packages, instrumented by Istanbul once (maps.json beside FOLDER). A larger shard has
// them several times, each time below another root; the sources lie there, too. Hits are drawn anew for each
// shard. What does not change between shards is made into text once.
import fs from 'node:fs';
import path from 'node:path';
import { instrumented, random } from '../support/coverage_maps.mjs';

const INSTRUMENTED_BYTES = 6e6;
const [, , folder, bytes, shards, modules] = process.argv;

function realMaps() {
	const cache = path.join(path.dirname(folder), 'maps.json');
	if (!fs.existsSync(cache)) {
		fs.mkdirSync(path.dirname(cache), { recursive: true });
		fs.writeFileSync(`${cache}.tmp`, JSON.stringify(instrumented(INSTRUMENTED_BYTES, modules)));
		fs.renameSync(`${cache}.tmp`, cache);
	}
	return Object.values(JSON.parse(fs.readFileSync(cache, 'utf8')));
}

/* A source file of a shard: its place, and its entry up to the counts. */
function template(entry, root) {
	const file = path.join(root, path.relative(modules, entry.path));
	fs.mkdirSync(path.dirname(file), { recursive: true });
	fs.copyFileSync(entry.path, file);
	const { statementMap, fnMap, branchMap, s, f, b } = entry;
	const maps = JSON.stringify({ path: file, statementMap, fnMap, branchMap }).slice(0, -1);
	return {
		head: `${JSON.stringify(file)}:${maps},`,
		counts: [Object.keys(s).length, Object.keys(f).length, Object.values(b).map(arms => arms.length)],
	};
}

function withHits({ head, counts: [statements, functions, branches] }, rng) {
	const loaded = rng.chance(0.7);
	const hit = () => (loaded && rng.chance(0.6) ? Math.floor(rng.next() ** 4 * 1000) : 0);
	const list = n => Array.from({ length: n }, hit);
	const map = counts => `{${counts.map((count, id) => `"${id}":${count}`).join()}}`;
	return `${head}"s":${map(list(statements))},"f":${map(list(functions))},` +
		`"b":${map(branches.map(arms => `[${list(arms).join()}]`))}}`;
}

function templates() {
	const maps = realMaps();
	const all = [];
	for (let size = 0, turn = 0; size < Number(bytes); turn++)
		for (const entry of maps) {
			const made = template(entry, path.join(folder, 'source', String(turn)));
			all.push(made);
			size += withHits(made, random(0)).length;
		}
	return all;
}

fs.mkdirSync(folder, { recursive: true });
const files = templates();
for (let shard = 0; shard < Number(shards); shard++) {
	const rng = random(shard + 1);
	const out = path.join(folder, `shard${String(shard).padStart(2, '0')}.json`);
	const fd = fs.openSync(`${out}.tmp`, 'w');
	files.forEach((file, i) => fs.writeSync(fd, `${i ? ',' : '{'}${withHits(file, rng)}`));
	fs.writeSync(fd, '}');
	fs.closeSync(fd);
	fs.renameSync(`${out}.tmp`, out);
}
