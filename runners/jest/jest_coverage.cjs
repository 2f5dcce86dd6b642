// Coverage of a Jest suite: what each file's result brings is kept as it comes; at the end it goes through
// the project's own CoverageReporter, so that never loaded files, source maps and V8 ranges become what
// they are in Jest alone.
'use strict';

const { readDeltas, tellDelta } = require('./coverage.cjs');

function sendCoverage(deltas, result, identity, where) {
	const written = result.v8Coverage
		? deltas.v8(result.v8Coverage.map(({ codeTransformResult, result: script }) => ({
			url: script.url, functions: script.functions, more: () => codeTransformResult ?? null,
		})))
		: result.coverage ? deltas.istanbul(result.coverage) : null;
	tellDelta(written ?? { touched: [] }, identity, where);
}

/* An Istanbul map of the whole suite: {map, broken}. */
async function collect(modules, plan, folder) {
	const { maps, runs, more, broken } = readDeltas(folder);
	const { CoverageReporter } = modules.load('@jest/reporters');
	const reporter = new CoverageReporter({
		...plan.globalConfig,
		// Only the map is wanted: no report, no threshold (the gates have theirs), nothing on the terminal.
		coverageReporters: [], coverageThreshold: undefined, useStderr: true, maxWorkers: 1,
	}, {});
	for (const coverage of maps)
		reporter.onTestResult({}, { coverage });
	for (const run of runs)
		reporter.onTestResult({}, {
			v8Coverage: run.map(script => ({ codeTransformResult: more.get(script.url) ?? undefined, result: script })),
		});
	const contexts = plan.projects.map(({ config, coverable }) => ({
		config, hasteFS: { matchFilesWithGlob: () => coverable },
	}));
	const results = {};
	await reporter.onRunComplete(new Set(contexts), results);
	if (!results.coverageMap)
		throw new Error('Jest made no coverage map');
	return { map: results.coverageMap.toJSON(), broken: broken.length };
}

module.exports = { collect, sendCoverage };
