'use strict';

const products = require('../data/products.json');
const { sampleProducts, sampleItems } = require('../test/support/samples');
const { quote } = require('./price');
const { renderReceipt, columns, WIDTH } = require('./receipt');

const orderOf = (items, more = {}) => ({
  id: 'A000042',
  createdAt: '2025-03-09T10:00:00.000Z',
  quote: quote({ items, ...more }),
});

test('the receipt of a small order', () => {
  const items = [
    { product: products.find(({ id }) => id === 'b-atlas'), quantity: 1 },
    { product: products.find(({ id }) => id === 'f-choc'), quantity: 12 },
  ];
  expect(renderReceipt(orderOf(items, { couponCode: 'BOOKWORM' }))).toMatchInlineSnapshot(`
"Order A000042
2025-03-09
================================================
1 x Atlas of Small Islands               € 32.00
12 x Dark Chocolate 85 %                 € 37.51
    bulk price, you save € 1.97
------------------------------------------------
Goods                                    € 69.51
Coupon BOOKWORM                          -€ 4.80
Shipping                                    free
================================================
Total                                    € 64.71
  includes 7 % tax                        € 4.23
"
`);
});

test('a long name is cut, the amount stays', () => {
  const row = columns('x'.repeat(100), '€ 1.00');
  expect(row).toHaveLength(WIDTH);
  expect(row).toMatch(/x… € 1\.00$/);
});

test('no row is wider than the paper', () => {
  const goods = sampleProducts(2000, 9);
  for (let seed = 1; seed <= 40; seed += 1) {
    const text = renderReceipt(orderOf(sampleItems(goods, 250, seed), { country: 'AT' }));
    const widest = Math.max(...text.split('\n').map((row) => row.length));
    expect(widest).toBe(WIDTH);
  }
});
