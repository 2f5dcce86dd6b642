'use strict';

const assert = require('node:assert/strict');
const { openShop } = require('../support/api');
const { countries } = require('../../src/tax');
const products = require('../../data/products.json');

describe('the price of a cart', () => {
  let shop;
  let client;
  before(async () => {
    shop = await openShop();
    client = shop.visitor();
    for (const { id } of products) await client.put(`/api/cart/items/${id}`, { quantity: 3 });
  });
  after(() => shop.close());

  for (const country of countries()) {
    it(`adds up in ${country}, standard and express`, async () => {
      for (const express of [false, true]) {
        const { body } = await client.get(`/api/cart?country=${country}&express=${express}`);
        const taxed = body.taxes.reduce((sum, { net, tax }) => sum + net + tax, 0);
        assert.equal(body.goods - body.discount + body.shipping, body.total);
        assert.equal(taxed, body.total);
      }
    });
  }

  it('is not known where nothing is delivered', async () => {
    assert.equal((await client.get('/api/cart?country=AQ')).status, 422);
  });
});
