'use strict';

const products = require('../data/products.json');
const { sampleProducts, sampleItems } = require('../test/support/samples');
const { bulkPercent, priceLine, quote } = require('./price');
const { countries } = require('./tax');

const byId = (id) => products.find((product) => product.id === id);

test.each([[1, 0], [9, 0], [10, 5], [19, 5], [20, 8], [50, 12], [99, 12]])(
  '%i pieces: %i %% off',
  (quantity, percent) => {
    expect(bulkPercent(quantity)).toBe(percent);
  },
);

test('a line knows its bulk price', () => {
  expect(priceLine({ product: byId('f-choc'), quantity: 10 })).toMatchObject({
    unit: 329,
    off: 165,
    gross: 3125,
  });
});

test('an empty cart costs nothing', () => {
  expect(quote({ items: [] })).toMatchObject({ goods: 0, shipping: 0, total: 0, taxes: [] });
});

test('goods, coupon, shipping and tax of a small cart', () => {
  const items = [
    { product: byId('b-knots'), quantity: 1 },
    { product: byId('t-yoyo'), quantity: 2 },
  ];
  expect(quote({ items, couponCode: 'welcome10' })).toMatchObject({
    goods: 2870,
    coupon: 'WELCOME10',
    discount: 287,
    shipping: 390,
    total: 2973,
    taxes: [
      { rate: 19, gross: 1812, tax: 289, net: 1523 },
      { rate: 7, gross: 1161, tax: 76, net: 1085 },
    ],
  });
});

test('a refused coupon changes nothing but says why', () => {
  const items = [{ product: byId('f-choc'), quantity: 1 }];
  expect(quote({ items, couponCode: 'FIVER' })).toMatchObject({
    coupon: null,
    couponRefused: 'cart is below the minimum of the coupon',
    discount: 0,
  });
});

test('free shipping is not for express', () => {
  const items = [{ product: byId('c-scarf'), quantity: 1 }];
  expect(quote({ items, couponCode: 'FREESHIP' }).shipping).toBe(0);
  expect(quote({ items, couponCode: 'FREESHIP', express: true }).shipping).toBe(780);
});

describe('large carts', () => {
  const goods = sampleProducts(5000);

  test.each(countries())('the taxed sums add up to the total in %s', (country) => {
    for (let seed = 1; seed <= 12; seed += 1) {
      const items = sampleItems(goods, 120, seed);
      const result = quote({ items, country, couponCode: 'WELCOME10' });
      const taxed = result.taxes.reduce((sum, row) => sum + row.net + row.tax, 0);
      expect(taxed).toBe(result.total);
    }
  });
});
