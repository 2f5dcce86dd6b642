'use strict';

const assert = require('node:assert/strict');
const { openShop } = require('../support/api');

describe('goods', () => {
  let shop;
  let client;
  before(async () => {
    shop = await openShop();
    client = shop.visitor();
  });
  after(() => shop.close());

  it('lists the first page', async () => {
    const { status, body } = await client.get('/api/products');
    assert.equal(status, 200);
    assert.equal(body.items.length, 12);
    assert.equal(body.total, 36);
    assert.equal(body.pages, 3);
  });

  it('lists one category by price', async () => {
    const { body } = await client.get('/api/products?category=garden&sort=price');
    const prices = body.items.map(({ price }) => price);
    assert.equal(body.total, 6);
    assert.deepEqual(prices, [...prices].sort((a, b) => a - b));
  });

  it('reaches every product over the pages', async () => {
    const ids = new Set();
    for (let page = 1; page <= 8; page += 1) {
      const { body } = await client.get(`/api/products?size=5&page=${page}`);
      body.items.forEach(({ id }) => ids.add(id));
    }
    assert.equal(ids.size, 36);
  });

  for (const query of ['page=0', 'page=x', 'size=101', 'sort=weight', 'page=1.5']) {
    it(`refuses ?${query}`, async () => {
      assert.equal((await client.get(`/api/products?${query}`)).status, 400);
    });
  }

  it('shows a product with its stock and what goes with it', async () => {
    const { body } = await client.get('/api/products/f-espresso');
    assert.equal(body.stock, 120);
    assert.ok(body.also.some(({ id }) => id === 'e-kettle'));
  });

  it('knows what it does not have', async () => {
    const { status, body } = await client.get('/api/products/unicorn');
    assert.equal(status, 404);
    assert.equal(body.error, 'no such product');
  });
});
