// The Jest adapter against real Jest projects (tests/fixtures/jest-*, installed with npm ci).
import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { Worker, disagreements, fixtures, isFinal, outcomes, scratchFolder } from './driver.mjs';

const basic = path.join(fixtures, 'jest-basic');
const older = path.join(fixtures, 'jest-29');
const variant = name => path.join(basic, 'variants', name);

const open = new Set();
function start(cwd, options = {}) {
	const worker = new Worker('jest.cjs', { cwd, ...options });
	open.add(worker);
	return worker;
}
/* A worker of one of the variants, which are configurations of the same installation. */
async function startVariant(name, fields = {}, options = {}) {
	const worker = start(variant(name), options);
	const found = await worker.discover({ config: path.join(variant(name), 'jest.config.js'), ...fields });
	return { worker, found };
}
afterEach(async () => {
	for (const worker of open)
		await worker.kill();
	open.clear();
});

const finished = messages => messages.find(message => message.type === 'file_finished');
const named = (messages, name) => messages.find(message => isFinal(message) && message.path.at(-1) === name);
const kinds = messages => Object.fromEntries(messages.filter(message => isFinal(message) && message.failure)
	.map(message => [message.path.at(-1), message.failure.kind]));

describe('discovery', () => {
	it('greets first, finds the files, largest first', async () => {
		const worker = start(basic);
		const found = await worker.discover();
		assert.equal(worker.messages[0].type, 'hello');
		assert.equal(worker.messages[0].pid, worker.child.pid);
		assert.match(found.version, /^30\./);
		assert.ok(found.files.some(file => file.file === 'tests/outcomes.test.js' && file.project === ''));
		const sizes = found.files.map(file => file.size);
		assert.deepEqual(sizes, [...sizes].sort((a, b) => b - a));
		assert.ok(existsSync(found.plan_path));
		assert.equal(found.global_setup, false);
		assert.equal(found.max_workers, 0);
		assert.deepEqual((await worker.stop()).end, { type: 'end', files: 0, tests: 0 });
	});

	it('keeps to files, paths and arguments', async () => {
		const find = async fields => (await start(basic).discover(fields)).files.map(file => file.file).sort();
		assert.deepEqual(await find({ paths: [path.join(basic, 'tests/only.test.js')] }), ['tests/only.test.js']);
		assert.equal((await find({ paths: [path.join(basic, 'env')] })).length, 0);
		assert.deepEqual(await find({ files: ['tests/{only,retry}.test.js'] }), ['tests/only.test.js', 'tests/retry.test.js']);
		assert.deepEqual(await find({ args: ['--testPathPatterns', 'docblock'] }), ['tests/docblock.test.js']);
	});

	it('follows links to the project', async () => {
		const link = path.join(scratchFolder('links'), 'project');
		symlinkSync(basic, link);
		const worker = start(link);
		const found = await worker.discover({ paths: [path.join(link, 'tests/hooks.test.js')] });
		assert.deepEqual(found.files.map(file => file.file), ['tests/hooks.test.js']);
		const messages = await worker.run(found.files);
		assert.equal(finished(messages).failure.file, 'tests/hooks.test.js');
	});

	it('follows -i and tells what it does not follow', async () => {
		const found = await start(basic).discover({ args: ['-i', '--shard=1/2', '--coverage'] });
		assert.equal(found.max_workers, 1);
		assert.ok(found.notices.some(notice => notice.name === 'ignored_options' && /--shard/.test(notice.text)));
	});

	it('tells snapshots whose test is gone', async () => {
		const found = await start(basic).discover({ paths: [path.join(basic, 'tests/only.test.js')] });
		const notice = found.notices.find(({ name }) => name === 'obsolete_snapshots');
		assert.match(notice.text, /gone\.test\.js\.snap/);
		assert.equal(notice.severity, 'error');
	});

	it('says what is wrong with a configuration', async () => {
		const worker = start(variant('broken'));
		await assert.rejects(worker.discover({ config: path.join(variant('broken'), 'jest.config.js') }), /no-such-environment/);
		assert.ok(worker.messages.find(message => message.type === 'error').help);
	});

	it('says that Jest is missing', async () => {
		const worker = start(fixtures);
		await assert.rejects(worker.discover(), /Jest cannot be found/);
	});

	it('refuses unknown arguments without ending', async () => {
		const worker = start(basic);
		await assert.rejects(worker.discover({ args: ['--maxWorkers'] }), /does not accept[^]*maxWorkers/);
		assert.equal((await worker.stop()).code, 0);
	});
});

describe('one file', () => {
	let worker;
	before(async () => {
		worker = new Worker('jest.cjs', { cwd: basic });
		await worker.discover();
	});
	after(async () => {
		const { code, end } = await worker.stop();
		assert.equal(code, 0);
		assert.equal(end.files, worker.messages.filter(message => message.type === 'file_finished').length);
		assert.equal(end.tests, worker.messages.filter(isFinal).length);
		assert.deepEqual(disagreements(worker.messages), []);
	});
	const run = (name, item = {}) => worker.run([{ file: `tests/${name}.test.js`, ...item }]);

	it('reports every kind of outcome', async () => {
		const messages = await run('outcomes');
		assert.deepEqual(outcomes(messages), {
			'outcomes › passes': 'passed', 'outcomes › fails': 'failed', 'outcomes › throws': 'failed',
			'outcomes › throws a string': 'failed', 'outcomes › skipped': 'skipped', 'outcomes › to do': 'skipped',
			'outcomes › known to fail': 'passed', 'outcomes › 1 + 1 = 2': 'passed', 'outcomes › 2 + 1 = 3': 'passed',
			'outcomes › times out': 'failed', 'skipped block › inside': 'skipped', twice: 'passed', 'twice #2': 'failed',
			concurrent: 'passed',
		});
		assert.deepEqual(kinds(messages), {
			fails: 'assertion', throws: 'error', 'throws a string': 'error', 'times out': 'timeout', twice: 'assertion',
		});
		assert.equal(finished(messages).outcome, 'failed');
	});

	it('places and prints a failure', async () => {
		const { failure, line } = named(await run('outcomes'), 'fails');
		assert.deepEqual([failure.file, failure.line, failure.column, line], ['tests/outcomes.test.js', 4, 20, 3]);
		assert.match(failure.message, /^expect\(received\)\.toEqual\(expected\)/);
		assert.doesNotMatch(failure.message, /\n\s+at /);
		assert.match(failure.stack, /^\s+at .*outcomes\.test\.js:4:20/);
		assert.doesNotMatch(failure.stack, /muster-adapters|jest-circus/);
		assert.equal(failure.expected.replace(/\s/g, ''), '{a:2}');
		assert.equal(failure.actual.replace(/\s/g, ''), '{a:1}');
		assert.match(failure.snippet, />\s+4 \|/);
	});

	it('tells hooks from tests', async () => {
		const messages = await run('hooks');
		assert.deepEqual(kinds(messages), { first: 'hook', second: 'hook' });
		assert.equal(named(messages, 'still passes').outcome, 'passed');
		assert.equal(finished(messages).failure.kind, 'hook');
		assert.match(finished(messages).failure.message, /cannot clean up/);
	});

	it('reports the framework\'s own retries', async () => {
		const tries = (await run('retry')).filter(message => message.type === 'test_finished')
			.map(message => [message.path[0], message.attempt, message.outcome, Boolean(message.will_retry)]);
		assert.deepEqual(tries, [
			['passes at the third try', 1, 'failed', true], ['passes at the third try', 2, 'failed', true],
			['passes at the third try', 3, 'passed', false],
			['never passes', 1, 'failed', true], ['never passes', 2, 'failed', true], ['never passes', 3, 'failed', false],
		].sort((a, b) => tries.findIndex(t => String(t) === String(a)) - tries.findIndex(t => String(t) === String(b))));
	});

	it('explains files that cannot be loaded', async () => {
		const syntax = finished(await run('syntax')).failure;
		assert.equal(syntax.kind, 'load');
		assert.match(syntax.message, /Unexpected token/);
		assert.deepEqual([syntax.file, syntax.line], ['tests/syntax.test.js', 2]);
		assert.match(syntax.snippet, />\s+2 \|/);
		const missing = finished(await run('missing_module')).failure;
		assert.equal(missing.kind, 'load');
		assert.match(missing.message, /Cannot find module '\.\/not-there'/);
		assert.equal(missing.line, 1);
		const empty = finished(await run('empty'));
		assert.equal(empty.outcome, 'failed');
		assert.match(empty.failure.message, /must contain at least one test/);
		const gone = finished(await run('no-such-file'));
		assert.deepEqual([gone.outcome, gone.failure.kind], ['failed', 'load']);
	});

	it('hands on console output and leaves stdout alone', async () => {
		const messages = await run('output');
		const output = messages.filter(message => message.type === 'output');
		assert.deepEqual(output.map(({ stream, text }) => [stream, text]),
			[['stdout', 'to the console\n'], ['stderr', 'to the error console\n']]);
		assert.match(worker.stdout, /straight to stdout/);
	});

	it('gives each file and each attempt a fresh world', async () => {
		assert.equal(finished(await run('process')).outcome, 'passed');
		const again = await run('process', { attempt: 2 });
		assert.equal(finished(again).outcome, 'passed');
		assert.equal(finished(again).attempt, 2);
		assert.ok(finished(again).rss_kb > 1000);
	});

	it('blames the test that forgot a rejection, and survives late errors', async () => {
		assert.deepEqual(outcomes(await run('rejection')), { 'forgets a rejection': 'failed', 'is fine': 'passed' });
		assert.equal(finished(await run('late')).outcome, 'passed');
		await new Promise(resolve => setTimeout(resolve, 100));
		assert.equal(finished(await run('only')).outcome, 'passed');
		const notice = worker.messages.find(message => message.type === 'notice' && message.name === 'late_error');
		assert.equal(notice.file, 'tests/late.test.js');
	});

	it('fails the file for what fails after the end of a test, as Jest does', async () => {
		for (const [name, text] of [
			['forgotten', 'forgets what fails later: failed after its end: nobody waits for this'],
			['after_all', 'nobody waits for the hook'],
		]) {
			const { outcome, failure } = finished(await run(name));
			assert.deepEqual([outcome, failure?.message, failure?.file], ['failed', text, `tests/${name}.test.js`]);
		}
		assert.equal(finished(await run('only')).outcome, 'passed');
	});

	it('works in environments of docblocks', async () => {
		assert.deepEqual(outcomes(await run('docblock')),
			{ 'in its own environment › has its global': 'passed', 'in its own environment › fails there': 'failed' });
	});

	it('fails for obsolete snapshots, unless only a part was run', async () => {
		const messages = await run('obsolete');
		assert.equal(named(messages, 'matches').outcome, 'passed');
		assert.equal(finished(messages).outcome, 'failed');
		assert.match(finished(messages).failure.message, /obsolete snapshot[^]*gone 1/);
	});

	it('takes whatever is thrown, however it is called', async () => {
		const title = 'half a pair \ufffd and \ufffd';
		const messages = await run('strange');
		assert.equal(named(messages, title).outcome, 'passed');
		const only = await run('strange', { only: [{ path: [title], occ: 1 }] });
		assert.deepEqual(outcomes(only), { [title]: 'passed' });
		const failure = name => named(messages, name).failure;
		assert.deepEqual([failure('node assert').kind, failure('node assert').line], ['assertion', 3]);
		assert.doesNotMatch(failure('node assert').message, /\n\s+at /);
		assert.equal(failure('null').message, 'thrown: null');
		assert.equal(failure('hostile error').message, 'hostile');
		assert.equal(failure('cause').message, 'outer\n\ncaused by: inner');
		for (const text of [failure('huge').message, failure('huge').expected, failure('huge').actual])
			assert.ok(Buffer.byteLength(text) <= 64 * 1024);
		assert.equal(named(messages, 'replaces what the adapter uses').outcome, 'passed');
		assert.ok(finished(messages).ms > 0);
	});

	it('runs exactly the tests it is told to run', async () => {
		const only = (...tests) => tests.map(([titles, occ]) => ({ path: titles, occ }));
		const pick = async tests => outcomes(await run('selection', { only: only(...tests) }));
		assert.deepEqual(await pick([[['a', 'same'], 2]]), { 'a › same #2': 'passed' });
		assert.deepEqual(await pick([[['a same'], 1]]), { 'a same': 'passed' });
		assert.deepEqual(await pick([[['concurrent one'], 1], [['a', 'other'], 1]]),
			{ 'a › other': 'passed', 'concurrent one': 'failed' });
		assert.deepEqual(await pick([[['b', 'in b'], 1]]), { 'b › in b': 'failed' });
	});

	it('says which selected test is not there', async () => {
		const messages = await run('selection', { only: [{ path: ['renamed'], occ: 1 }] });
		assert.equal(finished(messages).count, 0);
		assert.match(messages.find(message => message.name === 'selection_missing').text, /renamed/);
	});
});

describe('selection by expression', () => {
	const select = async test => {
		const worker = start(basic);
		await worker.discover({ test });
		return outcomes(await worker.run([{ file: 'tests/selection.test.js' }]));
	};
	it('matches both forms, case-sensitively', async () => {
		assert.deepEqual(await select('^a › same$'), { 'a › same': 'passed' });
		assert.deepEqual(await select('^a same$'), { 'a › same': 'passed', 'a same': 'passed' });
		assert.deepEqual(await select('^a › same #2$'), { 'a › same #2': 'passed' });
		assert.deepEqual(await select('^A › SAME$'), {});
	});
	it('refuses a bad expression', async () => {
		await assert.rejects(start(basic).discover({ test: '(' }), /Invalid regular expression/);
	});
});

describe('more than one worker', () => {
	it('shares one plan', async () => {
		const [first, second] = [start(basic), start(basic)];
		second.init({ slot: 2 });
		const found = await first.discover();
		second.command('plan', { path: found.plan_path, env: { EXTRA: 'x' } });
		await second.take('ready');
		const results = await Promise.all([
			first.run([{ file: 'tests/outcomes.test.js' }]), second.run([{ file: 'tests/hooks.test.js' }])]);
		assert.deepEqual(results.map(messages => finished(messages).count), [14, 3]);
		const worker2 = await second.run([{ file: 'tests/process.test.js' }]);
		assert.equal(named(worker2, 'sees a clean process').outcome, 'failed', 'JEST_WORKER_ID is the slot');
	});

	it('sets up and tears down once, in one process', async () => {
		const env = { REMOVE_ME: '1' };
		const { worker: holder, found } = await startVariant('hooks', {}, { env });
		assert.equal(found.global_setup, true);
		holder.command('setup');
		const { env: changes } = await holder.take('setup_done');
		assert.equal(changes.FROM_SETUP, 'yes');
		assert.equal(changes.REMOVE_ME, null);
		const other = start(variant('hooks'), { env });
		other.init({ slot: 1 });
		other.command('plan', { path: found.plan_path, env: changes });
		await other.take('ready');
		assert.deepEqual(outcomes(await other.run([found.files[0]])), { 'has what the set-up left': 'passed' });
		holder.command('teardown');
		await holder.take('teardown_done');
		await holder.stop();
		assert.equal(holder.stdout, 'teardown sees 42\n');
	});

	it('reports a process that a test ends as gone', async () => {
		const worker = start(basic);
		await worker.discover();
		await assert.rejects(worker.run([{ file: 'tests/exit.test.js' }]), /end \(/);
		assert.equal(finished(worker.messages), undefined);
		assert.ok(worker.messages.some(message => message.type === 'test_started'));
	});

	it('ends when the engine is gone', async () => {
		const worker = start(basic);
		await worker.discover();
		worker.child.stdio[3].end();
		worker.child.stdio[3].destroy();
		assert.notEqual((await worker.exited).code, null);
	});
});

describe('configurations', () => {
	it('tells the same file of two projects apart', async () => {
		const { worker, found } = await startVariant('projects');
		assert.deepEqual(found.files.map(({ project, file }) => `${project}:${file}`).sort(),
			['node:alone.test.js', 'node:shared.test.js', 'other:shared.test.js']);
		assert.equal(found.max_workers, 1);
		assert.deepEqual(found.notices.map(notice => notice.name), ['ignored_reporters']);
		for (const project of ['node', 'other']) {
			const messages = await worker.run([{ file: 'shared.test.js', project }]);
			assert.deepEqual(outcomes(messages), { 'knows its side': 'passed', [`runs in ${project}`]: 'passed' });
		}
		const { files } = await start(variant('projects')).discover({ args: ['--selectProjects', 'other'] });
		assert.deepEqual(files.map(file => file.project), ['other']);
	});

	it('runs native modules with --experimental-vm-modules', async () => {
		const { worker } = await startVariant('esm', {}, { nodeOptions: ['--experimental-vm-modules', '--no-warnings'] });
		const messages = await worker.run([{ file: 'native.test.mjs' }]);
		assert.deepEqual(outcomes(messages), { imports: 'passed' });
		const { worker: plain } = await startVariant('esm');
		assert.equal(finished(await plain.run([{ file: 'native.test.mjs' }])).failure.kind, 'load');
	});

	it('hands files to a runner of the project', async () => {
		const { worker } = await startVariant('runner');
		const messages = await worker.run([{ file: 'lines.txt' }]);
		assert.deepEqual(outcomes(messages), { 'lines › this is ok': 'passed', 'lines › this is not': 'failed' });
		const only = [{ path: ['lines', 'this is ok'], occ: 1 }];
		assert.deepEqual(outcomes(await worker.run([{ file: 'lines.txt', only }])), { 'lines › this is ok': 'passed' });
	});

	it('writes new snapshots, but not with --ci', async () => {
		const file = path.join(variant('snapshots'), '__snapshots__/written.test.js.snap');
		rmSync(path.dirname(file), { recursive: true, force: true });
		const { worker: ci } = await startVariant('snapshots', { ci: true });
		assert.deepEqual(outcomes(await ci.run([{ file: 'written.test.js' }])), { 'is new': 'failed' });
		assert.equal(existsSync(file), false);
		const { worker } = await startVariant('snapshots');
		assert.deepEqual(outcomes(await worker.run([{ file: 'written.test.js' }])), { 'is new': 'passed' });
		assert.match(readFileSync(file, 'utf8'), /is new 1/);
		rmSync(path.dirname(file), { recursive: true, force: true });
	});
});

describe('Jest 29', () => {
	it('reports outcomes and selects', async () => {
		const worker = start(older);
		assert.match((await worker.discover()).version, /^29\./);
		const messages = await worker.run([{ file: 'outcomes.test.js' }]);
		assert.deepEqual(outcomes(messages), {
			'block › passes': 'passed', 'block › same': 'passed', 'block › same #2': 'failed',
			'block › skipped': 'skipped', 'block › concurrent': 'passed', 'block › times out': 'failed',
		});
		assert.deepEqual(kinds(messages), { same: 'assertion', 'times out': 'timeout' });
		assert.equal(messages.find(message => message.occ === 2 && isFinal(message)).failure.line, 8);
		const only = [{ path: ['block', 'same'], occ: 2 }];
		assert.deepEqual(outcomes(await worker.run([{ file: 'outcomes.test.js', only }])), { 'block › same #2': 'failed' });
		for (const file of ['a.test.js', 'b.test.js'])
			assert.equal(finished(await worker.run([{ file }])).outcome, 'passed');
	});

	it('reports from the result where there are no events (jest-jasmine2)', async () => {
		const worker = start(older);
		const { files } = await worker.discover({ config: path.join(older, 'jasmine.config.js') });
		assert.equal(files.length, 2);
		assert.deepEqual(outcomes(await worker.run([files[0]])), { 'has a fresh module': 'passed' });
		const only = [{ path: ['not there'], occ: 1 }];
		assert.deepEqual(outcomes(await worker.run([{ ...files[0], only }])), {});
	});
});
