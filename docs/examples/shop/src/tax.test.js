'use strict';

const { randomFrom, pick } = require('../test/support/samples');
const { countries, rateOf, taxIncluded, taxTable } = require('./tax');

test.each([
  ['DE', 'books', 7],
  ['DE', 'toys', 19],
  ['FR', 'food', 5.5],
  ['GB', 'food', 0],
  ['CH', 'clothing', 8.1],
])('%s taxes %s with %d %%', (country, category, rate) => {
  expect(rateOf(country, category)).toBe(rate);
});

test('a country without a table is an error', () => {
  expect(() => rateOf('XX', 'food')).toThrow('no tax table for XX');
});

test('tax is part of the gross price', () => {
  expect(taxIncluded(11900, 19)).toBe(1900);
  expect(taxIncluded(100, 0)).toBe(0);
});

test('one row a rate, highest first', () => {
  const lines = [
    { category: 'books', gross: 1070 },
    { category: 'toys', gross: 1190 },
    { category: 'food', gross: 107 },
  ];
  expect(taxTable(lines, 'DE')).toEqual([
    { rate: 19, gross: 1190, tax: 190, net: 1000 },
    { rate: 7, gross: 1177, tax: 77, net: 1100 },
  ]);
});

describe.each(countries())('the table of %s', (country) => {
  test('adds up to what was paid', () => {
    const random = randomFrom(country.charCodeAt(0) * 256 + country.charCodeAt(1));
    const categories = ['books', 'food', 'toys', 'garden'];
    for (let n = 0; n < 400; n += 1) {
      const lines = Array.from({ length: 50 }, () => ({
        category: pick(random, categories),
        gross: Math.floor(random() * 100000),
      }));
      const paid = lines.reduce((sum, line) => sum + line.gross, 0);
      const rows = taxTable(lines, country);
      expect(rows.reduce((sum, row) => sum + row.net + row.tax, 0)).toBe(paid);
    }
  });
});
