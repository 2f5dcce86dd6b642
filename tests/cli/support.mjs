// Running the program as a user would: in a folder of its own, with a clean environment.
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const here = path.dirname(fileURLToPath(import.meta.url));
export const muster = process.env.MUSTER_PROGRAM || path.join(here, '../../build/muster');
export const fake = path.join(here, 'fake');

const home = fs.mkdtempSync(path.join(os.tmpdir(), 'muster-home-'));
process.on('exit', () => fs.rmSync(home, { recursive: true, force: true }));

// Built with AddressSanitizer: it takes memory and descriptors of its own.
export const sanitized = () => fs.readFileSync(muster).includes('__asan_init');

export function environment(more) {
  return {
    PATH: process.env.PATH, HOME: home, LC_ALL: 'C.UTF-8', COLUMNS: '80', NO_COLOR: '1', TERM: 'xterm',
    ...(process.env.ASAN_OPTIONS ? { ASAN_OPTIONS: process.env.ASAN_OPTIONS } : {}), ...more,
  };
}

export function folder(files) {
  const dir = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'muster-cli-')));
  process.on('exit', () => fs.rmSync(dir, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(path.join(dir, name)), { recursive: true });
    fs.writeFileSync(path.join(dir, name), text);
  }
  return dir;
}

// A project whose files are acts of the fake worker.
export function project(acts, more) {
  const files = { 'package.json': '{"name":"p","scripts":{"test":"mocha"}}', ...more };
  for (const act of acts) files[`test/${act}.js`] = '';
  return folder(files);
}

export function run(dir, args, env) {
  const done = spawnSync(muster, args, {
    cwd: dir, env: environment(env), encoding: 'utf8', timeout: 120000, maxBuffer: 64 * 1024 * 1024,
  });
  return { code: done.status, signal: done.signal, out: done.stdout, err: done.stderr };
}

export const runFake = (dir, args, env) => run(dir, args, { MUSTER_TEST_ADAPTERS: fake, ...env });

export function start(dir, args, env) {
  return spawn(muster, args, { cwd: dir, env: environment(env), stdio: ['ignore', 'pipe', 'pipe'] });
}

export const summary = dir => JSON.parse(fs.readFileSync(path.join(dir, '.muster/latest/summary.json'), 'utf8'));
export const journal = dir => fs.readFileSync(path.join(dir, '.muster/latest/journal.ndjson'), 'utf8')
  .trim().split('\n').map(line => JSON.parse(line));

// Processes whose command line holds a word.
export function processes(word) {
  return fs.readdirSync('/proc').filter(pid => /^\d+$/.test(pid)).filter(pid => {
    try {
      return fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(word);
    } catch {
      return false;
    }
  });
}

export const sleep = ms => new Promise(resolve => setTimeout(resolve, ms));

export async function until(condition, ms) {
  const limit = Date.now() + ms;
  let ok;
  while (!(ok = condition()) && Date.now() < limit) await sleep(20);
  return ok;
}
