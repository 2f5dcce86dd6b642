'use strict';

const { place, move, canMove, restocks, STATUSES } = require('./order');

const AT = new Date('2025-01-02T03:04:05Z');

function orderWith(...path) {
  let order = place({ id: 'A1', user: 'ada@mail.test', address: {}, quote: {}, payment: {}, at: AT });
  for (const status of path) order = move(order, status, AT);
  return order;
}

test('a new order is placed, and says when', () => {
  expect(orderWith()).toMatchObject({
    status: 'placed',
    createdAt: '2025-01-02T03:04:05.000Z',
    history: [{ status: 'placed', at: '2025-01-02T03:04:05.000Z' }],
  });
});

test('every step is kept', () => {
  const order = orderWith('paid', 'shipped', 'delivered', 'returned');
  expect(order.history.map(({ status }) => status)).toEqual([
    'placed', 'paid', 'shipped', 'delivered', 'returned',
  ]);
});

test('a move leaves the old order alone', () => {
  const before = orderWith();
  move(before, 'paid');
  expect(before.status).toBe('placed');
});

const PATHS = {
  placed: [],
  paid: ['paid'],
  shipped: ['paid', 'shipped'],
  delivered: ['paid', 'shipped', 'delivered'],
  returned: ['paid', 'shipped', 'delivered', 'returned'],
  cancelled: ['cancelled'],
};
const ALLOWED = new Set([
  'placed paid', 'placed cancelled', 'paid shipped', 'paid cancelled', 'shipped delivered',
  'delivered returned',
]);

describe.each(STATUSES)('from %s', (from) => {
  test.each(STATUSES)('to %s', (to) => {
    const order = orderWith(...PATHS[from]);
    const allowed = ALLOWED.has(`${from} ${to}`);
    expect(canMove(order, to)).toBe(allowed);
    if (!allowed) expect(() => move(order, to)).toThrow(`order is ${from}, cannot become ${to}`);
  });
});

test('an unknown status is refused', () => {
  expect(() => move(orderWith(), 'lost')).toThrow('unknown status lost');
});

test('goods come back when an order is cancelled or returned', () => {
  expect(STATUSES.filter((status) => restocks({ status }))).toEqual(['returned', 'cancelled']);
});
