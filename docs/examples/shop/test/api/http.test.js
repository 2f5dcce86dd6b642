'use strict';

const assert = require('node:assert/strict');
const { LIMIT_BYTES } = require('../../src/server/body');
const { openShop } = require('../support/api');

describe('the server', () => {
  let shop;
  let client;
  before(async () => {
    shop = await openShop();
    client = shop.visitor();
  });
  after(() => shop.close());

  for (const [path, type] of [
    ['/', 'text/html'],
    ['/shop.js', 'text/javascript'],
    ['/style.css', 'text/css'],
  ]) {
    it(`serves ${path}`, async () => {
      const { status, headers } = await client.get(path);
      assert.equal(status, 200);
      assert.equal(headers.get('content-type'), `${type}; charset=utf-8`);
    });
  }

  for (const path of ['/package.json', '/..%2fpackage.json', '/src/password.js', '/api/nothing']) {
    it(`has nothing at ${path}`, async () => {
      assert.equal((await client.get(path)).status, 404);
    });
  }

  it('says which method would do', async () => {
    const { status, body } = await client.delete('/api/products');
    assert.equal(status, 405);
    assert.equal(body.error, 'use GET');
  });

  for (const text of ['', '{', '[]', 'null', '"x"']) {
    it(`refuses the body ${JSON.stringify(text)}`, async () => {
      assert.equal((await client.send('POST', '/api/users', { text })).status, 400);
    });
  }

  it('refuses a body that is too large', async () => {
    const text = JSON.stringify({ name: 'x'.repeat(LIMIT_BYTES) });
    assert.equal((await client.send('POST', '/api/users', { text })).status, 413);
  });
});

describe('the server under a flood', () => {
  let shop;
  before(async () => {
    shop = await openShop({ requestsBurst: 20, requestsPerSecond: 1 });
  });
  after(() => shop.close());

  it('answers the burst and turns the rest away', async () => {
    const client = shop.visitor();
    const answers = await Promise.all(Array.from({ length: 60 }, () => client.get('/api/products')));
    const refused = answers.filter(({ status }) => status === 429);
    assert.ok(refused.length >= 30, `${refused.length} refused`);
    assert.ok(answers.length - refused.length >= 20);
    assert.match(refused[0].headers.get('retry-after'), /^\d+$/);
  });
});
