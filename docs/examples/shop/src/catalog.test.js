'use strict';

const products = require('../data/products.json');
const { sampleProducts } = require('../test/support/samples');
const { Catalog } = require('./catalog');

test('the goods of this shop are complete', () => {
  for (const product of products) {
    expect(product).toEqual({
      id: expect.stringMatching(/^[a-z]-[a-z]+$/),
      name: expect.any(String),
      category: expect.any(String),
      description: expect.any(String),
      price: expect.any(Number),
      weight: expect.any(Number),
      stock: expect.any(Number),
    });
  }
});

test('ids are unique', () => {
  expect(() => new Catalog([{ id: 'a' }, { id: 'a' }])).toThrow('product a appears twice');
});

test('what the catalogue hands out cannot be changed', () => {
  const catalog = new Catalog([{ id: 'a', price: 1 }]);
  expect(() => {
    catalog.get('a').price = 0;
  }).toThrow(TypeError);
});

test('categories are sorted and unique', () => {
  expect(new Catalog(products).categories()).toEqual([
    'books', 'clothing', 'electronics', 'food', 'garden', 'toys',
  ]);
});

describe('pages', () => {
  const catalog = new Catalog(sampleProducts(20000));

  test('cover everything exactly once', () => {
    const seen = new Set();
    const { pages } = catalog.page({ size: 1000 });
    for (let page = 1; page <= pages; page += 1) {
      for (const { id } of catalog.page({ page, size: 1000 }).items) seen.add(id);
    }
    expect(seen.size).toBe(20000);
  });

  test('beyond the last is the last', () => {
    expect(catalog.page({ page: 999, size: 10000 })).toEqual(catalog.page({ page: 2, size: 10000 }));
  });

  test.each([['price', 1], ['-price', -1]])('sort by %s', (sort, sign) => {
    const prices = catalog.page({ sort, size: 20000 }).items.map(({ price }) => price);
    for (let n = 1; n < prices.length; n += 1) {
      if (sign * (prices[n] - prices[n - 1]) < 0) expect(prices[n]).toBe(prices[n - 1]);
    }
  });

  test('an order that does not exist is refused', () => {
    expect(() => catalog.page({ sort: 'constructor' })).toThrow('cannot sort by constructor');
  });
});
