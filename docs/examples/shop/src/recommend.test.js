'use strict';

const pastOrders = require('../data/past_orders.json');
const { randomFrom } = require('../test/support/samples');
const { Recommender } = require('./recommend');

test('what is bought together is recommended', () => {
  const recommender = new Recommender([['a', 'b'], ['a', 'b'], ['c'], ['d', 'c'], ['a', 'c']]);
  expect(recommender.for('a')).toEqual(['b']);
  expect(recommender.for('never sold')).toEqual([]);
});

test('a product twice in an order counts once', () => {
  const recommender = new Recommender([['a', 'b', 'b'], ['c']]);
  expect(recommender.lift('a', 'b')).toBe(2);
});

test('a best-seller that goes with everything is not special', () => {
  const orders = Array.from({ length: 50 }, (_, n) => ['bag', `p${n % 10}`]);
  expect(new Recommender(orders).for('p1')).toEqual([]);
});

test('who buys espresso is shown the kettle', () => {
  expect(new Recommender(pastOrders).for('f-espresso')).toContain('e-kettle');
});

test('hidden groups are found in 40,000 orders', () => {
  const random = randomFrom(5);
  const orders = Array.from({ length: 40000 }, () => {
    const group = Math.floor(random() * 40);
    const order = Array.from({ length: 4 }, () => `g${group}-${Math.floor(random() * 5)}`);
    order.push(`noise-${Math.floor(random() * 500)}`);
    return order;
  });
  const recommender = new Recommender(orders);
  for (let group = 0; group < 40; group += 1) {
    for (const id of recommender.for(`g${group}-0`)) expect(id).toMatch(`g${group}-`);
  }
});
