'use strict';

const { randomFrom } = require('../test/support/samples');
const { forecast, daysLeft, reorder } = require('./stock');

test('steady sales stay steady', () => {
  expect(forecast([5, 5, 5, 5])).toBeCloseTo(5);
});

test('a trend goes on', () => {
  expect(forecast([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])).toBeGreaterThan(9);
});

test('nothing sold, nothing forecast', () => {
  expect(forecast([])).toBe(0);
  expect(daysLeft(10, [0, 0, 0])).toBe(Infinity);
  expect(reorder({ stock: 0, sales: [], leadDays: 3 })).toBe(0);
});

test('falling sales never become negative', () => {
  expect(forecast([100, 50, 10, 0, 0, 0, 0])).toBeGreaterThanOrEqual(0);
});

test('orders come in full boxes', () => {
  expect(reorder({ stock: 0, sales: [4, 4, 4], leadDays: 2, box: 6 })).toBe(12);
  expect(reorder({ stock: 100, sales: [4, 4, 4], leadDays: 2, box: 6 })).toBe(0);
});

test('who orders as told runs dry on few days', () => {
  const random = randomFrom(41);
  let dry = 0;
  let days = 0;
  for (let shop = 0; shop < 60; shop += 1) {
    const sales = Array.from({ length: 30 }, () => Math.floor(random() * 10));
    const coming = [];
    let stock = 60;
    for (let day = 0; day < 365; day += 1) {
      stock += coming[day] ?? 0;
      const wanted = Math.floor(random() * 10);
      const sold = Math.min(stock, wanted);
      if (sold < wanted) dry += 1;
      stock -= sold;
      sales.push(wanted);
      const onTheWay = coming.slice(day + 1).reduce((sum, n) => sum + (n ?? 0), 0);
      const leadDays = 4;
      const order = reorder({ stock: stock + onTheWay, sales: sales.slice(-60), leadDays, box: 5 });
      coming[day + leadDays] = order;
      days += 1;
    }
  }
  expect(dry / days).toBeLessThan(0.1);
});
