// Projects with a `runner` of their own (linters, light runners): its default export runs the file, its
// result has the form of Jest's.
'use strict';

async function buildContext(modules, project, globalConfig) {
	return modules.load('jest-runtime').default.createContext(project.config, {
		console, maxWorkers: 1, resetCache: false, watch: false, watchman: globalConfig.watchman,
	});
}

/* One instance for each pattern: runners take their settings when they are made, and may own a pool. */
async function runnerFor(modules, instances, project, globalConfig) {
	const key = `${project.name}\0${globalConfig.testNamePattern ?? ''}`;
	if (!instances.has(key)) {
		const { createScriptTransformer } = modules.load('@jest/transform');
		const transformer = await createScriptTransformer(project.config);
		const Custom = await transformer.requireAndTranspileModule(project.config.runner);
		instances.set(key, {
			runner: new Custom(globalConfig, {}, project.config.runnerOptions),
			context: await buildContext(modules, project, globalConfig),
		});
	}
	return instances.get(key);
}

/* The watcher a runner asks whether to go on: there is no watch mode here. */
const watcher = {
	isInterrupted: () => false,
	isWatchMode: () => false,
	on: () => () => {},
	setState: () => Promise.resolve(),
	state: { interrupted: false },
};

/* Resolves with the file's result; rejects with the reason why there is none. */
async function runCustom(modules, instances, project, globalConfig, file) {
	const { runner, context } = await runnerFor(modules, instances, project, globalConfig);
	const test = { context, path: file };
	let result;
	let failure;
	const onStart = () => Promise.resolve();
	const onResult = async (_test, value) => { result = value; };
	const onFailure = async (_test, error) => { failure = error; };
	if (runner.supportsEventEmitters) {
		const unsubscribe = [
			runner.on('test-file-success', ([of, value]) => onResult(of, value)),
			runner.on('test-file-failure', ([of, error]) => onFailure(of, error)),
		];
		await runner.runTests([test], watcher, { serial: true });
		unsubscribe.forEach(off => off());
	} else {
		await runner.runTests([test], watcher, onStart, onResult, onFailure, { serial: true });
	}
	if (result)
		return result;
	throw failure ?? new Error(`the runner ${project.config.runner} gave no result for ${file}`);
}

module.exports = { runCustom };
