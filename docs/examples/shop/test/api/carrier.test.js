'use strict';

const assert = require('node:assert/strict');
const { sign } = require('../../src/signature');
const { openShop, buy } = require('../support/api');

describe('events from the carrier', () => {
  let shop;
  let client;
  before(async () => {
    shop = await openShop({ carrierSecret: 'between us' });
    client = await shop.customer();
  });
  after(() => shop.close());

  const report = (order, status, secret = 'between us') => {
    const text = JSON.stringify({ order, status });
    const headers = { 'x-signature': sign(secret, text) };
    return shop.visitor().send('POST', '/api/carrier/events', { text, headers });
  };

  it('move an order on', async () => {
    const { id } = (await buy(client, { 'b-stars': 1 })).body;
    for (const status of ['shipped', 'delivered', 'returned']) {
      assert.deepEqual((await report(id, status)).body, { status });
    }
    const { body } = await client.get(`/api/orders/${id}`);
    assert.deepEqual(
      body.history.map(({ status }) => status),
      ['placed', 'paid', 'shipped', 'delivered', 'returned'],
    );
  });

  it('are not believed without the signature', async () => {
    const { id } = (await buy(client, { 'b-stars': 1 })).body;
    assert.equal((await report(id, 'shipped', 'a guess')).status, 403);
    assert.equal((await client.get(`/api/orders/${id}`)).body.status, 'paid');
  });

  it('cannot skip a step', async () => {
    const { id } = (await buy(client, { 'b-stars': 1 })).body;
    assert.equal((await report(id, 'delivered')).status, 409);
    assert.equal((await report(id, 'lost')).status, 409);
  });

  it('must name an order', async () => {
    assert.equal((await report('A999999', 'shipped')).status, 404);
  });
});
