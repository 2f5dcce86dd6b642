'use strict';

const assert = require('node:assert/strict');
const { openShop, buy } = require('../support/api');
const { ADDRESS } = require('../support/samples');

describe('orders', () => {
  let shop;
  before(async () => {
    shop = await openShop();
  });
  after(() => shop.close());

  it('turn a cart into a paid order', async () => {
    const client = await shop.customer();
    const { status, body } = await buy(client, { 't-puzzle': 1, 'b-chess': 1 });
    assert.equal(status, 201);
    assert.equal(body.status, 'paid');
    assert.deepEqual(body.payment, { brand: 'visa', last4: '4242' });
    assert.deepEqual((await client.get('/api/cart')).body.lines, []);
    assert.deepEqual((await client.get(`/api/orders/${body.id}`)).body, body);
  });

  it('are listed with the newest first', async () => {
    const client = await shop.customer();
    const ids = [];
    for (let n = 0; n < 5; n += 1) ids.unshift((await buy(client, { 'f-choc': 1 })).body.id);
    const { body } = await client.get('/api/orders');
    assert.deepEqual(body.items.map(({ id }) => id), ids);
  });

  it('are nobody else’s business', async () => {
    const [ada, bob] = [await shop.customer('ada'), await shop.customer('bob')];
    const { id } = (await buy(ada, { 'f-choc': 1 })).body;
    for (const path of ['', '/receipt', '/invoice']) {
      assert.equal((await bob.get(`/api/orders/${id}${path}`)).status, 404);
    }
    assert.equal((await bob.post(`/api/orders/${id}/cancel`)).status, 404);
    assert.equal((await shop.visitor().get(`/api/orders/${id}`)).status, 401);
  });

  it('can be cancelled once', async () => {
    const client = await shop.customer();
    const { id } = (await buy(client, { 'f-choc': 1 })).body;
    assert.equal((await client.post(`/api/orders/${id}/cancel`)).body.status, 'cancelled');
    const again = await client.post(`/api/orders/${id}/cancel`);
    assert.equal(again.status, 409);
    assert.equal(again.body.error, 'order is cancelled, cannot become cancelled');
  });

  for (const [what, more, status] of [
    ['a bad card', { card: { number: '4242424242424241', expires: '12/99' } }, 422],
    ['no card', { card: undefined }, 422],
    ['a bad address', { address: { ...ADDRESS, zip: '1' } }, 422],
    ['a country out of reach', { address: { ...ADDRESS, country: 'AQ' } }, 422],
  ]) {
    it(`are refused with ${what}, and nothing is taken`, async () => {
      const client = await shop.customer();
      const before = await shop.shop.stock.get('e-lamp');
      assert.equal((await buy(client, { 'e-lamp': 1 }, more)).status, status);
      assert.equal(await shop.shop.stock.get('e-lamp'), before);
      assert.equal((await client.get('/api/cart')).body.lines.length, 1);
    });
  }

  it('need a cart', async () => {
    const { status, body } = await buy(await shop.customer(), {});
    assert.equal(status, 422);
    assert.equal(body.error, 'cart is empty');
  });
});
