// `isolate: file`: what a test file left behind goes before the next one: modules that it loaded, globals,
// environment, working folder. Not undone: ES modules (node keeps them), native add-ons, what a file did to objects
// that were there before it.
'use strict';

const KEPT = ['__coverage__']; // counted over all files

function globals() {
	return new Map(Reflect.ownKeys(globalThis).map(key => [key, Object.getOwnPropertyDescriptor(globalThis, key)]));
}

const isSame = (a, b) => a.value === b.value && a.get === b.get && a.set === b.set;

class Isolation {
	/* `keeps(file)`: modules that stay, whenever they were loaded. */
	constructor(keeps) {
		this.keeps = file => keeps(file) || file.endsWith('.node');
		this.modules = new Set(Object.keys(require.cache));
		this.globals = globals();
		this.env = { ...process.env };
		this.cwd = process.cwd();
	}

	restore() {
		this.forgetModules();
		this.restoreGlobals();
		for (const name of Object.keys(process.env)) if (!(name in this.env)) delete process.env[name];
		Object.assign(process.env, this.env);
		if (process.cwd() !== this.cwd) process.chdir(this.cwd);
	}

	forgetModules() {
		for (const file of Object.keys(require.cache)) {
			if (!this.modules.has(file) && !this.keeps(file)) delete require.cache[file];
		}
		for (const module of Object.values(require.cache)) {
			module.children = module.children.filter(child => require.cache[child.id] === child);
		}
	}

	restoreGlobals() {
		for (const [key, now] of globals()) {
			const before = this.globals.get(key);
			if (KEPT.includes(key) || !now.configurable || (before && isSame(before, now))) continue;
			if (before) Object.defineProperty(globalThis, key, before);
			else delete globalThis[key];
		}
		for (const [key, before] of this.globals) {
			if (!Object.hasOwn(globalThis, key)) Object.defineProperty(globalThis, key, before);
		}
	}
}

module.exports = { Isolation };
