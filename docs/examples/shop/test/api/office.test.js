'use strict';

const assert = require('node:assert/strict');
const { parseTable } = require('../../src/csv');
const { openShop, buy } = require('../support/api');

describe('the office', () => {
  let shop;
  let admin;
  before(async () => {
    shop = await openShop();
    admin = await shop.admin();
  });
  after(() => shop.close());

  const upload = (text) => admin.send('PUT', '/api/office/stock', { text });

  it('is closed to others', async () => {
    assert.equal((await shop.visitor().get('/api/office/report')).status, 401);
    assert.equal((await (await shop.customer()).get('/api/office/report')).status, 403);
  });

  it('sees what was sold', async () => {
    const buyers = await Promise.all(Array.from({ length: 6 }, () => shop.customer()));
    const orders = await Promise.all(buyers.map((buyer, n) => buy(buyer, { 'f-jam': n + 1 })));
    const { body } = await admin.get('/api/office/report');
    const revenue = orders.reduce((sum, order) => sum + order.body.quote.total, 0);
    assert.equal(body.orders, 6);
    assert.equal(body.revenue, revenue);
    assert.deepEqual(body.top[0].id, 'f-jam');
    assert.equal(body.top[0].quantity, 21);
  });

  it('reads and writes the stock as CSV', async () => {
    assert.deepEqual((await upload('id,stock\nc-cap,7\ne-cable,9\n')).body, { changed: 2 });
    const { body } = await admin.get('/api/office/stock');
    const rows = parseTable(body);
    assert.equal(rows.length, 36);
    assert.equal(rows.find(({ id }) => id === 'c-cap').stock, '7');
  });

  for (const [text, status] of [
    ['id,stock\nunicorn,1\n', 422],
    ['id,stock\nc-hat,-1\n', 422],
    ['id,stock\nc-hat,\n', 422],
    ['id,stock\nc-hat\n', 400],
    ['id,stock\n"c-hat\n', 400],
    ['', 400],
  ]) {
    it(`refuses ${JSON.stringify(text)} as a whole`, async () => {
      const before = await shop.shop.stock.get('c-hat');
      assert.equal((await upload(text)).status, status);
      assert.equal(await shop.shop.stock.get('c-hat'), before);
    });
  }
});
