'use strict';

const assert = require('node:assert/strict');
const { openShop, buy } = require('../support/api');

describe('coupons', () => {
  let shop;
  before(async () => {
    shop = await openShop();
  });
  after(() => shop.close());

  async function cartWith(id, quantity) {
    const client = shop.visitor();
    await client.put(`/api/cart/items/${id}`, { quantity });
    return client;
  }

  it('lower the total', async () => {
    const client = await cartWith('b-soup', 2);
    const { body } = await client.put('/api/cart/coupon', { code: 'bookworm' });
    assert.equal(body.coupon, 'BOOKWORM');
    assert.equal(body.discount, 735);
    assert.equal(body.total, 4900 - 735 + 590);
  });

  for (const [code, reason] of [
    ['NOPE', 'unknown coupon'],
    ['SUMMER24', 'coupon has expired'],
    ['FIVER', 'cart is below the minimum of the coupon'],
    ['BOOKWORM', 'coupon fits nothing in the cart'],
    [null, 'unknown coupon'],
  ]) {
    it(`${code}: ${reason}`, async () => {
      const client = await cartWith('f-choc', 1);
      const { status, body } = await client.put('/api/cart/coupon', { code });
      assert.equal(status, 422);
      assert.equal(body.error, reason);
    });
  }

  it('stop to count when the cart no longer fits', async () => {
    const client = await cartWith('e-kettle', 1);
    await client.put('/api/cart/coupon', { code: 'FIVER' });
    await client.put('/api/cart/items/f-choc', { quantity: 1 });
    const { body } = await client.delete('/api/cart/items/e-kettle');
    assert.equal(body.discount, 0);
    assert.equal(body.couponRefused, 'cart is below the minimum of the coupon');
  });

  it('are used up with the order', async () => {
    const client = await shop.customer();
    await client.put('/api/cart/items/b-atlas', { quantity: 1 });
    await client.put('/api/cart/coupon', { code: 'WELCOME10' });
    assert.equal((await buy(client, {})).body.quote.discount, 320);
    await client.put('/api/cart/items/b-atlas', { quantity: 1 });
    assert.equal((await client.get('/api/cart')).body.discount, 0);
  });
});
