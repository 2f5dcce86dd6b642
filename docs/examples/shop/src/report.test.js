'use strict';

const { randomFrom, pick, sampleProducts, sampleItems } = require('../test/support/samples');
const { quote } = require('./price');
const { salesReport, quantile } = require('./report');

function orderOf(total, { status = 'paid', day = '2025-01-01', lines = [] } = {}) {
  return { status, createdAt: `${day}T08:00:00.000Z`, quote: { total, lines } };
}

test('quantiles lie between the values', () => {
  expect(quantile([], 0.5)).toBe(0);
  expect(quantile([10], 0.95)).toBe(10);
  expect(quantile([10, 20, 30, 40], 0.5)).toBe(25);
});

test('only orders that were paid for count', () => {
  const statuses = ['placed', 'paid', 'shipped', 'delivered', 'returned', 'cancelled'];
  expect(salesReport(statuses.map((status) => orderOf(100, { status })))).toMatchObject({
    orders: 3,
    revenue: 300,
  });
});

test('days are in order', () => {
  const orders = [orderOf(5, { day: '2025-02-01' }), orderOf(7, { day: '2025-01-31' })];
  expect(salesReport(orders).days.map(({ day }) => day)).toEqual(['2025-01-31', '2025-02-01']);
});

test('a year of orders adds up', () => {
  const goods = sampleProducts(800, 6);
  const random = randomFrom(99);
  const orders = Array.from({ length: 6000 }, (_, n) => ({
    status: pick(random, ['paid', 'shipped', 'delivered', 'cancelled']),
    createdAt: new Date(Date.UTC(2025, 0, 1 + (n % 365))).toISOString(),
    quote: quote({ items: sampleItems(goods, 5, n + 1) }),
  }));
  const report = salesReport(orders);
  const counted = orders.filter(({ status }) => status !== 'cancelled');
  expect(report.orders).toBe(counted.length);
  expect(report.days.reduce((sum, { revenue }) => sum + revenue, 0)).toBe(report.revenue);
  expect(report.top).toHaveLength(5);
  expect(report.median).toBeLessThan(report.p95);
});
