// globalSetup and globalTeardown: once for the suite, both in the same process.
'use strict';

/* The distinct modules that are configured, each with a project whose transforms apply to it. */
function hookModules(plan, name) {
	const used = plan.projects.filter(project => plan.files.some(file => file.project === project.name));
	const modules = new Map();
	for (const { config } of used)
		if (config[name] && !modules.has(config[name]))
			modules.set(config[name], config);
	const own = plan.globalConfig[name];
	if (own && !modules.has(own) && used.length)
		modules.set(own, used[0].config);
	return modules;
}

async function runHooks(modules, plan, name) {
	const { createScriptTransformer } = modules.load('@jest/transform');
	for (const [file, config] of hookModules(plan, name)) {
		const transformer = await createScriptTransformer(config);
		await transformer.requireAndTranspileModule(file, async hook => {
			if (typeof hook !== 'function')
				throw new TypeError(`${name} file must export a function at ${file}`);
			await hook(plan.globalConfig, config);
		});
	}
}

/* What the set-up changed in the environment: {name: value, or null for a variable it removed}. */
async function setup(modules, plan) {
	const before = { ...process.env };
	await runHooks(modules, plan, 'globalSetup');
	const changed = {};
	for (const name of new Set([...Object.keys(before), ...Object.keys(process.env)]))
		if (before[name] !== process.env[name])
			changed[name] = process.env[name] ?? null;
	return changed;
}

function teardown(modules, plan) {
	return runHooks(modules, plan, 'globalTeardown');
}

module.exports = { setup, teardown };
