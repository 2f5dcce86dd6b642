// Loaded into every node process that Playwright starts, when coverage is wanted: into its workers, where
// pages of Chromium are watched, and into web servers, whose own code is counted. Tests need no change.
'use strict';

const fs = require('fs');
const Module = require('module');
const path = require('path');

const settings = JSON.parse(process.env.MUSTER_PLAYWRIGHT_COVERAGE || 'null');
const WORKER = /[\\/]playwright[\\/]lib[\\/].*(?:process|worker)[^\\/]*\.js$/;
const POLL_MS = 50;

/* ---- web servers ---- */

/* Counts until the adapter asks (by a file), SIGTERM comes, or it ends by itself. SIGKILL asks nobody. */
async function watchServer() {
	const { V8 } = require('./mocha_coverage.cjs');
	const counters = await V8.open(settings.root, [], settings.coverage);
	const place = path.join(settings.coverage.folder, `server-${process.pid}`);
	fs.writeFileSync(place, '');
	const take = () => {
		try {
			counters.take();
			fs.rmSync(place, { force: true });
		} catch {
			// the folder is gone: the run is over
		}
	};
	fs.watchFile(path.join(settings.coverage.folder, 'flush'), { interval: POLL_MS, persistent: false }, take);
	process.on('exit', take);
	const onTerm = () => {
		take();
		if (process.listenerCount('SIGTERM') === 1) {
			process.removeListener('SIGTERM', onTerm);
			process.kill(process.pid, 'SIGTERM');
		}
	};
	process.on('SIGTERM', onTerm);
}

/* ---- pages ---- */

let written = 0;
let currentTest = () => null;
const sourceMaps = new Map(); // url -> text, once for each worker
const watched = new WeakMap(); // page -> its counter; contexts and browsers, too

function keep(record) {
	const folder = path.join(settings.coverage.folder, 'browser');
	const name = path.join(folder, `${process.pid}-${String(++written).padStart(6, '0')}.json`);
	fs.mkdirSync(folder, { recursive: true });
	fs.writeFileSync(`${name}.tmp`, JSON.stringify(record), { mode: 0o600 });
	fs.renameSync(`${name}.tmp`, name);
}

/* The map a script names beside itself; only its server can tell, and only now. */
async function sourceMapOf(context, { url, source }) {
	const name = /\n\/\/[#@] sourceMappingURL=(\S+)\s*$/.exec(source ?? '')?.[1];
	if (!name)
		return undefined;
	if (!sourceMaps.has(url)) {
		let text = null;
		try {
			const inline = /^data:application\/json[^,]*?(;base64)?,(.*)$/s.exec(name);
			text = inline ? Buffer.from(decodeURIComponent(inline[2]), inline[1] ? 'base64' : 'utf8').toString('utf8')
				: await (await context.request.get(new URL(name, url).href)).text();
		} catch {
			// without it the script is looked for as it is
		}
		sourceMaps.set(url, text);
	}
	return sourceMaps.get(url) ?? undefined;
}

/*
 * Counts one page in a session of its own. What a document has counted goes with it when the page is left, so it
 * is taken before: a navigation is told while the old document still lives.
 */
class PageCounter {
	constructor(page, context) {
		this.page = page;
		this.context = context;
		this.test = currentTest();
		this.sources = new Map(); // script id -> {url, source: promise}
		this.record = { test: this.test, scripts: [], istanbul: [] };
		this.taking = [];
		this.started = this.start().catch(() => {}); // not Chromium's main world, or closed already
	}

	async start() {
		const session = await this.context.newCDPSession(this.page);
		session.on('Debugger.scriptParsed', ({ scriptId, url }) => {
			if (/^(?:https?|file):/.test(url))
				this.sources.set(scriptId, {
					url, source: session.send('Debugger.getScriptSource', { scriptId })
						.then(({ scriptSource }) => scriptSource, () => undefined),
				});
		});
		for (const event of ['Page.frameRequestedNavigation', 'Page.frameStartedNavigating'])
			session.on(event, () => this.taking.push(this.take()));
		await session.send('Profiler.enable');
		await session.send('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
		await session.send('Debugger.enable');
		await session.send('Debugger.setSkipAllPauses', { skip: true });
		await session.send('Page.enable');
		this.session = session;
	}

	async take() {
		try {
			const { result } = await this.session.send('Profiler.takePreciseCoverage');
			for (const { scriptId, functions } of result) {
				const known = this.sources.get(scriptId);
				const source = await known?.source;
				if (source === undefined)
					continue;
				const script = { url: known.url, source, functions };
				this.record.scripts.push({ ...script, map: await sourceMapOf(this.context, script) });
			}
		} catch {
			// the page is closed, or has crashed
		}
	}

	finish() {
		this.finished ??= this.end();
		return this.finished;
	}

	async end() {
		await this.started;
		try {
			const map = await this.page.evaluate(() => globalThis.__coverage__);
			if (map)
				this.record.istanbul.push(map);
		} catch {
			// likewise
		}
		await Promise.all([...this.taking, this.take()]);
		await this.session?.send('Profiler.disable').catch(() => {});
		await this.session?.detach().catch(() => {});
		if (this.record.scripts.length || this.record.istanbul.length)
			keep(this.record);
	}
}

const NAVIGATIONS = ['goto', 'reload', 'goBack', 'goForward'];

function watchPage(page, context) {
	if (watched.has(page))
		return watched.get(page).started;
	const counter = new PageCounter(page, context);
	watched.set(page, counter);
	for (const name of NAVIGATIONS) {
		const navigate = page[name];
		page[name] = async (...options) => {
			if (!counter.finished)
				await counter.take();
			return navigate.apply(page, options);
		};
	}
	const { close } = page;
	page.close = async (...options) => {
		await counter.finish();
		return close.apply(page, options);
	};
	// A test that counts for itself gets its way: there is but one counter in a page.
	const { startJSCoverage } = page.coverage;
	page.coverage.startJSCoverage = async options => {
		await counter.finish();
		return startJSCoverage.call(page.coverage, options);
	};
	return counter.started;
}

/* Instrumented pages: what a document has counted goes with it when it is left. */
async function watchDocuments(context) {
	await context.exposeBinding('__musterCoverage', ({ page }, text) => {
		try {
			keep({ test: currentTest(), scripts: [], istanbul: [JSON.parse(text)], page: page?.url() });
		} catch {
			// not a map
		}
	});
	await context.addInitScript(() => {
		globalThis.addEventListener('beforeunload', () => {
			if (globalThis.__coverage__)
				globalThis.__musterCoverage(JSON.stringify(globalThis.__coverage__));
		});
	});
}

async function watchContext(context) {
	if (watched.has(context))
		return context;
	watched.set(context, {});
	const { close, newPage } = context;
	context.on('page', page => watchPage(page, context));
	await Promise.all(context.pages().map(page => watchPage(page, context)));
	context.newPage = async (...options) => {
		const page = await newPage.apply(context, options);
		await watchPage(page, context);
		return page;
	};
	context.close = async (...options) => {
		await Promise.all(context.pages().map(page => watched.get(page)?.finish()));
		return close.apply(context, options);
	};
	await watchDocuments(context);
	return context;
}

function watchBrowser(browser) {
	if (watched.has(browser))
		return browser;
	watched.set(browser, {});
	const { newContext } = browser;
	browser.newContext = async (...options) => watchContext(await newContext.apply(browser, options));
	return browser;
}

const WATCHERS = {
	launch: watchBrowser, connect: watchBrowser, connectOverCDP: watchBrowser, launchPersistentContext: watchContext,
};

function watchChromium(chromium) {
	for (const [name, watch] of Object.entries(WATCHERS)) {
		const method = chromium[name];
		if (typeof method === 'function')
			chromium[name] = async (...options) => watch(await method.apply(chromium, options));
	}
}

/* Playwright's modules, seen as they are loaded. */
function watchWorker() {
	const { _load } = Module;
	const seen = new Set();
	Module._load = function load(...request) {
		const loaded = _load.apply(this, request);
		if (!/playwright/.test(request[0]) && !/^\.{1,2}\//.test(request[0]))
			return loaded;
		const chromium = loaded && typeof loaded === 'object' ? loaded.chromium : null;
		if (chromium && typeof chromium.launch === 'function' && !seen.has(chromium)) {
			seen.add(chromium);
			watchChromium(chromium);
		}
		const test = loaded?.test;
		if (typeof test?.info === 'function')
			currentTest = () => {
				try {
					return test.info().file;
				} catch {
					return null;
				}
			};
		return loaded;
	};
}

if (settings && require('worker_threads').isMainThread) {
	if (WORKER.test(process.argv[1] ?? ''))
		watchWorker();
	else
		watchServer().catch(() => {});
}
