'use strict';

const { spawn } = require('node:child_process');
const { mkdtempSync, rmSync } = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');

const START_TIMEOUT_MS = 10000;
const ATTEMPTS = 5;

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = net.createServer();
    probe.on('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

// Resolves true when the server says it is ready, false when it gave up (port taken meanwhile).
function ready(child) {
  return new Promise((resolve, reject) => {
    let log = '';
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`redis-server did not start:\n${log}`));
    }, START_TIMEOUT_MS);
    child.on('error', (error) => {
      clearTimeout(timer);
      reject(new Error(`cannot start redis-server (${error.message}); install Redis first`));
    });
    child.on('exit', () => {
      clearTimeout(timer);
      resolve(false);
    });
    child.stdout.on('data', (chunk) => {
      log += chunk;
      if (!log.includes('Ready to accept connections')) return;
      clearTimeout(timer);
      resolve(true);
    });
  });
}

// A Redis of our own on a free port, which keeps nothing: {url, stop()}.
async function startRedis() {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'shop-redis-'));
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const port = await freePort();
    const child = spawn(
      'redis-server',
      ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder],
      { stdio: ['ignore', 'pipe', 'ignore'] },
    );
    if (await ready(child)) {
      child.stdout.resume();
      return { url: `redis://127.0.0.1:${port}`, stop: () => stop(child, folder) };
    }
  }
  throw new Error('redis-server found no free port');
}

async function stop(child, folder) {
  if (child.exitCode === null && child.signalCode === null) {
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await gone;
  }
  rmSync(folder, { recursive: true, force: true });
}

module.exports = { startRedis };
