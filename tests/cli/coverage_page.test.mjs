// The coverage page in a real browser, from file://.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { folder, here, run } from './support.mjs';

const require = createRequire(path.join(here, '../fixtures/page/package.json'));
const { chromium } = require('playwright-core');
const axe = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

const loc = (line, column, endLine, endColumn) => ({ start: { line, column }, end: { line: endLine, column: endColumn } });

// A statement a line; the `if` of line 2 went one way, the function of line 4 was never called.
function entry(file, hits) {
  return {
    path: file,
    statementMap: { 0: loc(1, 0, 1, 9), 1: loc(2, 0, 2, 16), 2: loc(5, 2, 5, 11) },
    fnMap: { 0: { name: 'never', decl: loc(4, 9, 4, 14), loc: loc(4, 17, 6, 1), line: 4 } },
    branchMap: { 0: { type: 'if', loc: loc(2, 0, 2, 16), line: 2, locations: [loc(2, 0, 2, 16), {}] } },
    s: { 0: hits, 1: hits, 2: 0 }, f: { 0: 0 }, b: { 0: [hits, 0] },
  };
}

const source = 'let a = 1\nif (a) a = 2 // x\n\nfunction never() {\n  a = "<b>"\n}\n';
const hostile = 'src/<img src=x onerror=alert(1)>.js';
let browser, dir, url;

before(async () => {
  const map = {};
  const files = { 'package.json': '{"name":"p"}' };
  const names = ['src/cart.js', 'src/deep/er/tax.js', 'lib/a b%20#c.js', hostile];
  dir = folder({});
  for (const name of names) {
    files[name] = source;
    map[path.join(dir, name)] = entry(path.join(dir, name), 3);
  }
  map[path.join(dir, 'src/gone.js')] = entry(path.join(dir, 'src/gone.js'), 1);
  for (let i = 0; i < 5000; i++) {
    const name = path.join(dir, `many/m${i % 40}/f${i}.js`);
    map[name] = entry(name, 1);
  }
  for (const [name, text] of Object.entries({ ...files, 'coverage.json': JSON.stringify(map) })) {
    fs.mkdirSync(path.dirname(path.join(dir, name)), { recursive: true });
    fs.writeFileSync(path.join(dir, name), text);
  }
  const { code, err } = run(dir, ['coverage', 'report', 'coverage.json', '--reporter', 'html', '-o', 'page']);
  assert.equal(code, 0, err);
  url = 'file://' + path.join(dir, 'page/html/index.html');
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
});
after(() => browser?.close());

async function open(hash = '', options = {}) {
  const context = await browser.newContext({ viewport: { width: 1200, height: 800 }, ...options });
  const page = await context.newPage();
  page.errors = [];
  page.on('pageerror', error => page.errors.push(error.message));
  page.on('console', message => message.type() === 'error' && page.errors.push(message.text()));
  page.on('dialog', dialog => page.errors.push('dialog: ' + dialog.message()));
  await page.goto(url + hash);
  await page.waitForSelector('#totals dd');
  return page;
}

async function accessible(page) {
  // the policy of the page keeps scripts out, so axe comes in through the debugger
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run());
  assert.deepEqual(violations.map(v => v.id + ': ' + v.nodes.map(n => n.target).join(' | ')), []);
}

const rows = page => page.locator('.files tbody a').allTextContents();

test('folders and totals', async () => {
  const page = await open();
  assert.deepEqual(await rows(page), ['lib/', 'many/', 'src/']);
  assert.match(await page.locator('#totals').textContent(), /Lines66\.66 %/);
  await page.click('text=src/');
  assert.deepEqual(await rows(page), ['deep/', '<img src=x onerror=alert(1)>.js', 'cart.js', 'gone.js']);
  await page.click('text=cart.js');
  await page.waitForSelector('.source');
  await page.keyboard.press('u');
  assert.deepEqual((await rows(page)).length, 4);
  assert.deepEqual(page.errors, []);
});

test('a source with hits, branches and what is missing', async () => {
  const page = await open('#/src/cart.js');
  await page.waitForSelector('.source');
  const cells = row => page.locator(`#L${row} td`).allTextContents();
  assert.deepEqual(await cells(1), ['1', '3×', '', 'let a = 1']);
  assert.deepEqual(await cells(2), ['2', '3×', '1/2', 'if (a) a = 2 // x']);
  assert.deepEqual(await cells(5), ['5', '0×', '', '  a = "<b>"']);
  assert.equal(await page.locator('#L5 mark.statement').textContent(), 'a = "<b>"');
  assert.equal(await page.locator('#L4 mark.function').textContent(), 'never');
  assert.match(await page.locator('#L2 mark.branch').getAttribute('title'), /else path not taken/);
  await page.keyboard.press('n');
  assert.equal(await page.locator('tr.target').first().getAttribute('id'), 'L2');
  await page.keyboard.press('n');
  assert.equal(await page.locator('tr.target').first().getAttribute('id'), 'L4');
  await page.keyboard.press('p');
  assert.equal(await page.locator('tr.target').first().getAttribute('id'), 'L2');
  assert.deepEqual(page.errors, []);
});

test('strange names, and a source that is gone', async () => {
  const page = await open('#/src/');
  await page.click('text=onerror');
  await page.waitForSelector('.source');
  assert.match(await page.title(), /<img src=x/);
  await page.goto(url + '#/lib/');
  await page.click('text=a b%20#c.js');
  await page.waitForSelector('.source');
  await page.goto(url + '#/src/gone.js');
  await page.waitForSelector('text=cannot read');
  assert.deepEqual(await page.locator('#L5 td').allTextContents(), ['5', '0×', '', '']);
  await page.goto(url + '#/no/such.js');
  await page.waitForSelector('text=There is no such folder');
  assert.deepEqual(page.errors, []);
});

test('the filter goes through 5,000 files', async () => {
  const page = await open();
  await page.keyboard.press('/');
  await page.keyboard.type('f499');
  assert.equal(await page.locator('#found').textContent(), '11 of 5,005 files');
  await page.keyboard.press('Escape');
  assert.deepEqual(await rows(page), ['lib/', 'many/', 'src/']);
  await page.check('#below');
  assert.equal((await rows(page)).length, 400);
  await page.click('text=Show 400');
  assert.equal((await rows(page)).length, 800);
  await page.click('thead >> text=Branches');
  assert.equal(await page.locator('th[aria-sort]').textContent(), 'Branches ↑');
  await page.keyboard.press('j');
  assert.match(await page.evaluate(() => document.activeElement.textContent), /\.js$/);
  assert.deepEqual(page.errors, []);
});

test('everybody can use it, in the light and in the dark', async () => {
  for (const colorScheme of ['light', 'dark']) {
    for (const hash of ['', '#/src/cart.js', '#/many/m1/']) {
      const page = await open(hash, { colorScheme });
      if (hash.endsWith('.js')) await page.waitForSelector('.source');
      await accessible(page);
      await page.context().close();
    }
  }
  const page = await open();
  await page.keyboard.press('?');
  assert.equal(await page.locator('dialog').isVisible(), true);
  await accessible(page);
});
