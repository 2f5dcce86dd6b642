// Finds the project's own Jest. Its internal packages are resolved link by link, project -> jest ->
// @jest/core -> jest-runner and so on, since with strict package managers none of them can be seen from
// the project itself.
'use strict';

const { createRequire } = require('module');
const path = require('path');

/* Ways from the project to something that depends on @jest/core. */
const CHAINS = [
	['jest'],
	['jest-cli'],
	['@jest/core'],
	['react-scripts', 'jest'],
	['react-app-rewired', 'react-scripts', 'jest'],
	['@craco/craco', 'react-scripts', 'jest'],
	['@angular-builders/jest', 'jest'],
	['tsdx', 'jest'],
	['kcd-scripts', 'jest'],
];

function follow(root, chain) {
	let from = path.join(root, 'package.json');
	for (const name of chain)
		from = createRequire(from).resolve(`${name}/package.json`);
	return from;
}

/* package.json of the package that brings Jest, and of @jest/core; null when there is none. */
function findCore(root) {
	for (const chain of CHAINS) {
		for (const tail of [['@jest/core'], ['jest-cli', '@jest/core'], []]) {
			try {
				const brings = follow(root, chain);
				const core = follow(path.dirname(brings), tail);
				if (createRequire(core)('./package.json').name === '@jest/core')
					return { brings, core };
			} catch {
				continue;
			}
		}
	}
	return null;
}

/*
 * {version, load(name), cli()}: load() requires a package as @jest/core or jest-runner sees it.
 * Throws when there is no Jest, or when it is too old.
 */
function locate(root) {
	const found = findCore(root);
	if (!found)
		throw new Error(`Jest cannot be found from ${root}`);
	const core = createRequire(found.core);
	const version = core('./package.json').version;
	if (Number.parseInt(version, 10) < 27)
		throw new Error(`Jest ${version} is too old: 27 and newer are supported`);
	const runnerPackage = core.resolve('jest-runner/package.json');
	const runner = createRequire(runnerPackage);
	return {
		version,
		load: name => (name === '@jest/core' ? core(path.dirname(found.core)) : core(name)),
		loadForRunner: name => runner(name),
		runnerFolder: path.dirname(runnerPackage),
		/* Loads ahead of need; what cannot be found this way is not needed in this version. */
		preload(name) {
			try {
				if (name.startsWith('jest-runner/'))
					require(path.join(path.dirname(runnerPackage), name.slice('jest-runner/'.length)));
				else
					runner(name);
			} catch {
				// resolved from elsewhere
			}
		},
		/* jest-cli is a dependency of jest, not of @jest/core. */
		cli(file) {
			for (const from of [found.brings, path.join(root, 'package.json')]) {
				try {
					const folder = path.dirname(createRequire(from).resolve('jest-cli/package.json'));
					return require(path.join(folder, file));
				} catch (error) {
					if (error.code !== 'MODULE_NOT_FOUND')
						throw error;
				}
			}
			return null;
		},
	};
}

module.exports = { locate };
