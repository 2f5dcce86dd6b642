// A small suite of each real framework, made of file bodies.
import fs from 'node:fs';
import path from 'node:path';
import { folder, here } from './support.mjs';

const modules = path.join(here, '../fixtures/mixed/node_modules');

export const frameworks = {
  jest: {
    script: 'jest', file: name => `test/${name}.test.js`,
    wrap: (title, body) => `test(${JSON.stringify(title)}, async () => { ${body} }, 1e6);`, more: {},
  },
  mocha: {
    script: 'mocha', file: name => `test/${name}.js`,
    wrap: (title, body) => `it(${JSON.stringify(title)}, async function () { this.timeout(0); ${body} });`,
    more: { '.mocharc.json': '{"parallel": true}' },
  },
  playwright: {
    script: 'playwright test', file: name => `test/${name}.spec.js`,
    wrap: (title, body) => `const { test } = require('@playwright/test'); test.setTimeout(0);
      test(${JSON.stringify(title)}, async () => { ${body} });`,
    more: { 'playwright.config.js': 'module.exports = { testDir: "test" };' },
  },
};

// A project of one framework: bodies by the name of the file, each the body of one test called `NAME one`, or
// the text of the file where `raw` names it.
export function suite(framework, bodies, raw = {}) {
  const f = frameworks[framework];
  const files = { 'package.json': JSON.stringify({ name: 'm', scripts: { test: f.script } }), ...f.more };
  for (const [name, body] of Object.entries(bodies)) files[f.file(name)] = f.wrap(`${name} one`, body);
  for (const [name, text] of Object.entries(raw)) files[f.file(name)] = text;
  const dir = folder(files);
  fs.symlinkSync(modules, path.join(dir, 'node_modules'));
  return dir;
}
