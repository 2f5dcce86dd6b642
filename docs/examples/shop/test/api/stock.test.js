'use strict';

const assert = require('node:assert/strict');
const { openShop, buy } = require('../support/api');

describe('stock', () => {
  let shop;
  before(async () => {
    shop = await openShop();
  });
  after(() => shop.close());

  it('goes down with an order and up when it is cancelled', async () => {
    const client = await shop.customer();
    const { id } = (await buy(client, { 't-yoyo': 8 })).body;
    assert.equal((await client.get('/api/products/t-yoyo')).body.stock, 50);
    await client.post(`/api/orders/${id}/cancel`);
    assert.equal((await client.get('/api/products/t-yoyo')).body.stock, 58);
  });

  it('is never sold twice, however many buy at once', async () => {
    await shop.shop.stock.set('g-bench', 3);
    const buyers = await Promise.all(Array.from({ length: 8 }, () => shop.customer()));
    const answers = await Promise.all(buyers.map((buyer) => buy(buyer, { 'g-bench': 1 })));
    const statuses = answers.map(({ status }) => status).sort();
    assert.deepEqual(statuses, [201, 201, 201, 409, 409, 409, 409, 409]);
    assert.equal(await shop.shop.stock.get('g-bench'), 0);
  });

  it('takes all lines of an order or none', async () => {
    await shop.shop.stock.set('e-radio', 1);
    const client = await shop.customer();
    const before = await shop.shop.stock.get('f-tea');
    const { status, body } = await buy(client, { 'f-tea': 2, 'e-radio': 2 });
    assert.equal(status, 409);
    assert.equal(body.error, 'not enough in stock: Kitchen Radio');
    assert.equal(await shop.shop.stock.get('f-tea'), before);
  });
});
