'use strict';

const { randomFrom } = require('../test/support/samples');
const { zoneOf, pack, shippingCost, PARCEL_GRAMS } = require('./shipping');

test('every country has one zone', () => {
  expect(['DE', 'NL', 'GB'].map(zoneOf)).toEqual(['home', 'near', 'far']);
  expect(() => zoneOf('AQ')).toThrow('no shipping to AQ');
});

test.each([
  ['DE', [400], 1000, false, 390],
  ['DE', [400, 700], 1000, false, 590],
  ['DE', [400], 5000, false, 0],
  ['DE', [400], 5000, true, 780],
  ['FR', [400], 5000, false, 890],
  ['SE', [400], 99999, false, 1490],
  ['DE', [], 0, false, 0],
])('to %s, %j g, goods for %i, express %s: %i', (country, weights, goods, express, cost) => {
  expect(shippingCost({ country, weights, goods, express })).toBe(cost);
});

test('what does not fit into one parcel goes into two', () => {
  expect(pack([20000, 20000])).toEqual([20000, 20000]);
  expect(shippingCost({ country: 'DE', weights: [20000, 20000], goods: 0 })).toBe(2380);
});

test('an item heavier than a parcel cannot be sent', () => {
  expect(() => pack([PARCEL_GRAMS + 1])).toThrow('too heavy');
});

test('packing wastes little and loses nothing', () => {
  const random = randomFrom(3);
  for (let n = 0; n < 30; n += 1) {
    const weights = Array.from({ length: 2000 }, () => 50 + Math.floor(random() * 15000));
    const total = weights.reduce((a, b) => a + b, 0);
    const parcels = pack(weights);
    expect(parcels.reduce((a, b) => a + b, 0)).toBe(total);
    expect(Math.max(...parcels)).toBeLessThanOrEqual(PARCEL_GRAMS);
    expect(parcels.length).toBeLessThanOrEqual(Math.ceil((total / PARCEL_GRAMS) * 1.25));
  }
});
