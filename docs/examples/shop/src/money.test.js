'use strict';

const { randomFrom } = require('../test/support/samples');
const { format, parse, round, allocate } = require('./money');

describe('format', () => {
  test.each([
    [0, 'EUR', '€ 0.00'],
    [5, 'EUR', '€ 0.05'],
    [123456789, 'USD', '$ 1,234,567.89'],
    [-1990, 'GBP', '-£ 19.90'],
    [1500, 'JPY', '¥ 1,500'],
    [100000, 'CHF', 'CHF 1,000.00'],
  ])('%i %s is %s', (amount, currency, text) => {
    expect(format(amount, currency)).toBe(text);
  });

  test('refuses fractions of a cent', () => {
    expect(() => format(0.5)).toThrow(TypeError);
  });

  test('refuses a currency it does not know', () => {
    expect(() => format(1, 'XXX')).toThrow('unknown currency XXX');
  });
});

describe('parse', () => {
  test.each(['12.345', '1,23', '', 'ten', '1.2.3', '--1'])('refuses %j', (text) => {
    expect(() => parse(text)).toThrow(SyntaxError);
  });

  test('reads back what format wrote', () => {
    const random = randomFrom(7);
    for (let n = 0; n < 50000; n += 1) {
      const amount = Math.floor((random() - 0.5) * 1e10) || 0;
      if (parse(format(amount)) !== amount) expect(parse(format(amount))).toBe(amount);
    }
  });
});

test('round goes away from zero at the half', () => {
  expect([0.5, 1.5, -0.5, -1.5, 0.49].map(round)).toEqual([1, 2, -1, -2, 0]);
});

describe('allocate', () => {
  test('gives the cent that is left to the largest remainder', () => {
    expect(allocate(100, [1, 1, 1])).toEqual([34, 33, 33]);
    expect(allocate(10, [1, 2, 4])).toEqual([1, 3, 6]);
  });

  test('never loses a cent', () => {
    const random = randomFrom(11);
    for (let n = 0; n < 3000; n += 1) {
      const weights = Array.from({ length: 1 + Math.floor(random() * 40) }, () => 1 + random() * 99);
      const total = Math.floor(random() * 1e7);
      expect(allocate(total, weights).reduce((a, b) => a + b, 0)).toBe(total);
    }
  });

  test('needs something to go by', () => {
    expect(() => allocate(1, [0, 0])).toThrow(RangeError);
  });
});
