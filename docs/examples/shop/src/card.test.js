'use strict';

const { randomFrom } = require('../test/support/samples');
const { luhn, checkDigit, brandOf, accept } = require('./card');

const NOW = new Date('2025-06-15T12:00:00Z');

test.each([
  ['4242424242424242', 'visa'],
  ['5555555555554444', 'mastercard'],
  ['2223003122003222', 'mastercard'],
  ['378282246310005', 'amex'],
  ['6011111111111117', null],
])('%s is %s', (number, brand) => {
  expect(brandOf(number)).toBe(brand);
});

test('of an accepted card only the last digits remain', () => {
  expect(accept({ number: '4242 4242-4242 4242', expires: '06/25' }, NOW)).toEqual({
    brand: 'visa',
    last4: '4242',
  });
});

test.each([
  [{ number: '4242424242424241', expires: '12/30' }, 'card number is not valid'],
  [{ number: '', expires: '12/30' }, 'card number is not valid'],
  [{ expires: '12/30' }, 'card number is not valid'],
  [{ number: '4242424242424242', expires: '13/30' }, 'card expiry must be MM/YY'],
  [{ number: '4242424242424242' }, 'card expiry must be MM/YY'],
  [{ number: '4242424242424242', expires: '05/25' }, 'card has expired'],
])('%j: %s', (card, reason) => {
  expect(() => accept(card, NOW)).toThrow(reason);
});

test('one wrong digit is always found', () => {
  const random = randomFrom(17);
  for (let n = 0; n < 4000; n += 1) {
    const body = String(Math.floor(4e14 + random() * 1e14));
    const number = body + checkDigit(body);
    expect(luhn(number)).toBe(true);
    for (let at = 0; at < number.length; at += 1) {
      const wrong = (Number(number[at]) + 1 + Math.floor(random() * 9)) % 10;
      if (luhn(number.slice(0, at) + wrong + number.slice(at + 1))) expect(number).toBe('refused');
    }
  }
});
