'use strict';

const assert = require('node:assert/strict');
const { setTimeout: sleep } = require('node:timers/promises');
const { openShop } = require('../support/api');

describe('a cart that nobody touches', () => {
  let shop;
  before(async () => {
    shop = await openShop({ cartTtlMs: 1500 });
  });
  after(() => shop.close());

  it('is gone after its time', async () => {
    const client = shop.visitor();
    const { body } = await client.put('/api/cart/items/b-atlas', { quantity: 1 });
    assert.equal(body.lines.length, 1);
    const key = `${shop.prefix}:cart:${client.cookies.get('visitor')}`;
    while (await shop.redis.exists(key)) await sleep(50);
    assert.deepEqual((await client.get('/api/cart')).body.lines, []);
  });

  it('gets its full time again with each change', async () => {
    const client = shop.visitor();
    await client.put('/api/cart/items/b-atlas', { quantity: 1 });
    const key = `${shop.prefix}:cart:${client.cookies.get('visitor')}`;
    await shop.redis.pExpire(key, 60000);
    await client.put('/api/cart/items/b-atlas', { quantity: 2 });
    assert.ok((await shop.redis.pTTL(key)) <= 1500);
  });
});
