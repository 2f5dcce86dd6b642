'use strict';

const cart = require('./cart');
const { Catalog } = require('./catalog');

test('quantities are set, changed and removed', () => {
  const one = cart.setQuantity({}, 'a', 2);
  expect(one).toEqual({ a: 2 });
  expect(cart.setQuantity(one, 'a', 5)).toEqual({ a: 5 });
  expect(cart.setQuantity(one, 'a', 0)).toEqual({});
  expect(one).toEqual({ a: 2 });
});

test.each([-1, 1.5, 100, NaN, '3', null])('quantity %p is refused', (quantity) => {
  expect(() => cart.setQuantity({}, 'a', quantity)).toThrow(RangeError);
});

test('adding stops at the maximum', () => {
  expect(cart.add({ a: 98 }, 'a', 5)).toEqual({ a: cart.MAX_QUANTITY });
});

test('a cart has a limit of lines', () => {
  let full = {};
  for (let n = 0; n < cart.MAX_LINES; n += 1) full = cart.add(full, `p${n}`);
  expect(() => cart.add(full, 'one more')).toThrow('at most 50 products');
  expect(cart.add(full, 'p0')).toHaveProperty('p0', 2);
});

test('merge adds what both hold', () => {
  expect(cart.merge({ a: 1, b: 2 }, { b: 3, c: 4 })).toEqual({ a: 1, b: 5, c: 4 });
});

test('count is in pieces', () => {
  expect(cart.count({ a: 1, b: 5 })).toBe(6);
  expect(cart.count({})).toBe(0);
});

test('products that are gone are left out', () => {
  const catalog = new Catalog([{ id: 'a', name: 'A' }]);
  expect(cart.resolve({ a: 2, gone: 1 }, catalog)).toEqual([
    { product: { id: 'a', name: 'A' }, quantity: 2 },
  ]);
});
