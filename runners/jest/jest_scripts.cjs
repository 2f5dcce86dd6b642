// Compiles a module once for all test files of a worker. Each test file has its own realm, and Jest
// compiles every module again for each, which is a third of the work of a small file. A vm.Script
// can be run in any number of realms: its functions are made anew, only the compiled code is shared.
//
// Not with --experimental-vm-modules: there a module's import() belongs to the realm that compiled it.
'use strict';

const vm = require('vm');

const CACHE_MAX = 48 * 1024 * 1024; // characters of source
const NO_IMPORT = 'You need to run with a version of node that supports ES Modules in the VM API. ' +
	'See https://jestjs.io/docs/ecmascript-modules';
const RESULT = 'Object.<anonymous>'; // the name stack traces show

const cache = new Map(); // file name and parameters -> {source, script}, the oldest use first
let cached = 0;

function importModuleDynamically() {
	return Promise.reject(new Error(NO_IMPORT));
}

/* What was compiled from the same source before, else whatever compile() gives. */
function remember(key, source, compile) {
	const known = cache.get(key);
	if (known) {
		cache.delete(key);
		if (known.source === source) {
			cache.set(key, known);
			return known.script;
		}
		cached -= known.source.length;
	}
	const script = compile();
	cache.set(key, { source, script });
	cached += source.length;
	for (const [oldest, entry] of cache) {
		if (cached <= CACHE_MAX || oldest === key)
			break;
		cache.delete(oldest);
		cached -= entry.source.length;
	}
	return script;
}

/* The names of a module function's parameters; the property is younger than the method. */
function parametersOf(executor) {
	return (executor.injectedModuleParameters ?? executor.constructInjectedModuleParameters()).join(',');
}

function isExpected(executor) {
	return typeof executor?.compile === 'function' && typeof executor.resolution?.isCoreModule === 'function' &&
		typeof executor.environment?.getVmContext === 'function' &&
		(Array.isArray(executor.injectedModuleParameters) ||
			typeof executor.constructInjectedModuleParameters === 'function');
}

/* Jest 30.3 and later call vm.compileFunction(), whose result belongs to one realm. */
function patchExecutor(prototype) {
	const { compile } = prototype;
	prototype.compile = function compileOnce(source, filename) {
		const context = this.environment.getVmContext();
		if (context === null || context === undefined || filename === this.testPath ||
			this.resolution.isCoreModule(filename))
			return compile.call(this, source, filename);
		const parameters = parametersOf(this);
		let script;
		try {
			// On a line of its own, so that columns of the first line stay right.
			script = remember(`${filename}\0${parameters}`, source, () => new vm.Script(
				`({"${RESULT}":function(${parameters}){\n${source}\n}})`,
				{ filename, lineOffset: -1, importModuleDynamically }));
		} catch {
			return compile.call(this, source, filename); // the error as Jest gives it
		}
		return script.runInContext(context)[RESULT];
	};
}

/* Before: a vm.Script for each file, whose import() would keep the realm that compiled it alive. */
function patchRuntime(prototype) {
	const { createScriptFromCode } = prototype;
	prototype.createScriptFromCode = function createScriptOnce(source, filename) {
		if (filename === this._testPath || this._resolver.isCoreModule(filename))
			return createScriptFromCode.call(this, source, filename);
		try {
			const wrapped = this.wrapCodeInModuleWrapper(source);
			return remember(filename, wrapped, () => new vm.Script(wrapped, {
				columnOffset: this._fileTransforms?.get(filename)?.wrapperLength,
				displayErrors: true, filename, importModuleDynamically,
			}));
		} catch {
			return createScriptFromCode.call(this, source, filename);
		}
	};
}

/* The executor's class is reached through the first runtime only. */
function patchFirstUse(prototype) {
	const { requireInternalModule } = prototype;
	prototype.requireInternalModule = function first(...args) {
		prototype.requireInternalModule = requireInternalModule;
		if (isExpected(this.executor))
			patchExecutor(Object.getPrototypeOf(this.executor));
		return requireInternalModule.apply(this, args);
	};
}

/* Leaves Jest as it is where its inside is not what is expected. */
function shareScripts(modules) {
	if (typeof vm.SyntheticModule === 'function')
		return;
	const { prototype } = modules.loadForRunner('jest-runtime').default;
	if (typeof prototype.createScriptFromCode === 'function' &&
		typeof prototype.wrapCodeInModuleWrapper === 'function')
		patchRuntime(prototype);
	else if (typeof prototype.requireInternalModule === 'function')
		patchFirstUse(prototype);
}

/* Jest's own packages and what they load into every realm: no test rewrites these. */
const FRAMEWORK = new RegExp('[\\\\/]node_modules[\\\\/](?:@jest[\\\\/]|@babel[\\\\/]code-frame|jest-|' +
	'(?:ansi-styles|chalk|co|dedent|diff-sequences|expect|fill-range|graceful-fs|has-flag|is-number|js-tokens|' +
	'micromatch|natural-compare|p-limit|picocolors|picomatch|pretty-format|react-is|semver|slash|stack-utils|' +
	'supports-color|to-regex-range|yocto-queue)[\\\\/])[^]*\\.[cm]?js$');

const sources = new Map();
const framework = new Map(); // file name -> whether it is one of those
const shared = new WeakSet();

function isFramework(file) {
	let known = framework.get(file);
	if (known === undefined)
		framework.set(file, known = FRAMEWORK.test(file));
	return known;
}

/* The map in which Jest keeps what it has read for one test file: the framework is read once only. */
function shareSources(files) {
	if (!(files instanceof Map) || shared.has(files))
		return;
	shared.add(files);
	const { get, set } = Map.prototype;
	files.get = file => get.call(files, file) ?? sources.get(file);
	files.set = (file, source) => {
		if (typeof source === 'string' && isFramework(file))
			sources.set(file, source);
		return set.call(files, file, source);
	};
}

module.exports = { shareScripts, shareSources };
