// Where the processes of one run that share an outputDir keep from treading on each other: two configurations
// of a package have the same `test-results` unless they say otherwise, and a suite may be started twice.
'use strict';

const crypto = require('crypto');
const fs = require('fs');
const path = require('path');

const PRIVATE = `.playwright-${process.pid}`;

class Artifacts {
	constructor(init) {
		this.marks = path.join(path.dirname(init.cache_dir), 'playwright-outputs');
		this.moved = new Map(); // project -> its outputDir
	}

	mark(outputDir) {
		return path.join(this.marks, crypto.createHash('sha1').update(outputDir).digest('hex'));
	}

	// Before Playwright empties its folders: what tests of this run have written stays.
	spare(projects) {
		for (const project of projects) if (fs.existsSync(this.mark(project.outputDir))) this.move(project);
	}

	// Before any test runs.
	take(projects) {
		for (const project of projects) {
			this.move(project);
			fs.mkdirSync(this.mark(this.moved.get(project)), { recursive: true });
		}
	}

	// Workers read the configuration themselves. From this object they get but the folder of unfinished traces and
	// videos, which has nothing except the worker's number in its name and is removed when that worker ends.
	move(project) {
		if (this.moved.has(project)) return;
		this.moved.set(project, project.outputDir);
		project.outputDir = path.join(project.outputDir, PRIVATE);
	}

	leave() {
		for (const outputDir of this.moved.values()) {
			try {
				fs.rmdirSync(path.join(outputDir, PRIVATE));
			} catch {
				// never made, or somebody's files are in it
			}
		}
	}
}

module.exports = { Artifacts };
