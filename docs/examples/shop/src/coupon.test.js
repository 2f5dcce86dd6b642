'use strict';

const { find, refusal, discount } = require('./coupon');

const LINES = [
  { category: 'books', gross: 3000 },
  { category: 'garden', gross: 7005 },
];

test('a code is found in any spelling', () => {
  expect(find('  welcome10 ').code).toBe('WELCOME10');
});

test.each(['', 'NOPE', 'toString', '__proto__'])('%j is no coupon', (code) => {
  expect(find(code)).toBeNull();
});

test.each([
  ['WELCOME10', 1001],
  ['FIVER', 500],
  ['BOOKWORM', 450],
  ['FREESHIP', 0],
])('%s takes off %i', (code, amount) => {
  expect(discount(find(code), LINES)).toBe(amount);
});

test('a fixed coupon is never more than the goods', () => {
  expect(discount(find('FIVER'), [{ category: 'food', gross: 300 }])).toBe(300);
});

test.each([
  [null, LINES, 'unknown coupon'],
  ['SUMMER24', LINES, 'coupon has expired'],
  ['BOOKWORM', [LINES[1]], 'coupon fits nothing in the cart'],
  ['FIVER', [{ category: 'food', gross: 2499 }], 'cart is below the minimum of the coupon'],
  ['FIVER', [{ category: 'food', gross: 2500 }], null],
])('%s on %j: %s', (code, lines, reason) => {
  expect(refusal(code && find(code), lines)).toBe(reason);
});

test('a coupon holds to the end of its last day', () => {
  const coupon = find('SUMMER24');
  expect(refusal(coupon, LINES, new Date('2024-08-31T23:59:58Z'))).toBeNull();
  expect(refusal(coupon, LINES, new Date('2024-09-01T00:00:00Z'))).toBe('coupon has expired');
});
