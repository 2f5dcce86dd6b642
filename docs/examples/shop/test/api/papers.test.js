'use strict';

const assert = require('node:assert/strict');
const { openShop, buy } = require('../support/api');
const { ADDRESS } = require('../support/samples');
const products = require('../../data/products.json');

describe('receipt and invoice', () => {
  let shop;
  let client;
  before(async () => {
    shop = await openShop({ now: () => new Date('2025-05-04T12:00:00Z') });
    client = await shop.customer();
  });
  after(() => shop.close());

  it('a receipt is plain text', async () => {
    const { id } = (await buy(client, { 'f-choc': 12, 'b-atlas': 1 })).body;
    const { body, headers } = await client.get(`/api/orders/${id}/receipt`);
    assert.equal(headers.get('content-type'), 'text/plain; charset=utf-8');
    assert.match(body, new RegExp(`^Order ${id}\n2025-05-04\n`));
    assert.match(body, /bulk price, you save € 1\.97/);
    assert.match(body, /Total +€ 69\.51/);
  });

  it('an invoice shows names as they were typed, harmlessly', async () => {
    const address = { ...ADDRESS, name: 'Rob <b>"Bobby"</b> O’Neil' };
    const { id } = (await buy(client, { 'f-tea': 1 }, { address })).body;
    const { body } = await client.get(`/api/orders/${id}/invoice`);
    assert.match(body, /Rob &lt;b&gt;&quot;Bobby&quot;&lt;\/b&gt; O’Neil/);
  });

  it('an order over the whole catalogue has a row for each product', async () => {
    const all = Object.fromEntries(products.map(({ id }) => [id, 1]));
    const { id, quote } = (await buy(client, all)).body;
    const { body } = await client.get(`/api/orders/${id}/receipt`);
    assert.equal(quote.lines.length, products.length);
    assert.equal(body.match(/^1 x /gm).length, products.length);
  });
});
