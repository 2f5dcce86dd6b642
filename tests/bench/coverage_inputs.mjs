// Writes coverage shards for the benchmark: coverage_inputs.mjs FOLDER BYTES SHARDS MODULES...
// Maps are those of real packages, instrumented by Istanbul; hits are drawn anew for each shard.
import fs from 'node:fs';
import path from 'node:path';
import { instrumented, random, withHits } from '../support/coverage_maps.mjs';

const [, , folder, bytes, shards, ...roots] = process.argv;
const maps = {};
let left = Number(bytes);
for (const root of roots) {
	if (left <= 0) break;
	const found = instrumented(left, root);
	left -= JSON.stringify(found).length;
	Object.assign(maps, found);
}
fs.mkdirSync(folder, { recursive: true });
for (let shard = 0; shard < Number(shards); shard++) {
	const name = `shard${String(shard).padStart(2, '0')}.json`;
	fs.writeFileSync(path.join(folder, name), JSON.stringify(withHits(maps, random(shard + 1))));
}
console.log(JSON.stringify({ files: Object.keys(maps).length, missing: Math.max(0, left) }));
