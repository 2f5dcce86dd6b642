'use strict';

const assert = require('node:assert/strict');
const { openShop, PASSWORD } = require('../support/api');

describe('the cart', () => {
  let shop;
  before(async () => {
    shop = await openShop();
  });
  after(() => shop.close());

  it('is empty at first', async () => {
    const { body } = await shop.visitor().get('/api/cart');
    assert.deepEqual(body.lines, []);
    assert.equal(body.total, 0);
  });

  it('keeps what is put in', async () => {
    const client = shop.visitor();
    await client.put('/api/cart/items/b-atlas', { quantity: 2 });
    await client.put('/api/cart/items/f-choc', { quantity: 1 });
    const { body } = await client.get('/api/cart');
    assert.deepEqual(body.lines.map(({ id, quantity }) => [id, quantity]), [['b-atlas', 2], ['f-choc', 1]]);
    assert.equal(body.goods, 6729);
    assert.equal(body.total, 6729);
  });

  it('forgets what is taken out', async () => {
    const client = shop.visitor();
    await client.put('/api/cart/items/b-atlas', { quantity: 2 });
    await client.put('/api/cart/items/f-choc', { quantity: 2 });
    await client.delete('/api/cart/items/b-atlas');
    const { body } = await client.put('/api/cart/items/f-choc', { quantity: 0 });
    assert.deepEqual(body.lines, []);
  });

  it('belongs to one visitor', async () => {
    const [a, b] = [shop.visitor(), shop.visitor()];
    await a.put('/api/cart/items/b-atlas', { quantity: 1 });
    assert.deepEqual((await b.get('/api/cart')).body.lines, []);
  });

  it('comes along at login', async () => {
    const { email } = await shop.customer();
    const client = shop.visitor();
    await client.put('/api/cart/items/t-kite', { quantity: 1 });
    await client.post('/api/session', { email, password: PASSWORD });
    assert.deepEqual((await client.get('/api/cart')).body.lines.map(({ id }) => id), ['t-kite']);
  });

  for (const quantity of [-1, 1.5, 100, '2', null]) {
    it(`refuses the quantity ${JSON.stringify(quantity)}`, async () => {
      const { status } = await shop.visitor().put('/api/cart/items/b-atlas', { quantity });
      assert.equal(status, 422);
    });
  }

  it('refuses what is not sold here', async () => {
    assert.equal((await shop.visitor().put('/api/cart/items/unicorn', { quantity: 1 })).status, 404);
  });
});
