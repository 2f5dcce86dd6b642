'use strict';

const BRANDS = [
  ['visa', /^4\d{12}(\d{3})?$/],
  ['mastercard', /^(5[1-5]\d{14}|2(2[2-9]|[3-6]\d|7[01])\d{13}|2720\d{12})$/],
  ['amex', /^3[47]\d{13}$/],
];

function luhn(digits) {
  let sum = 0;
  for (let index = 0; index < digits.length; index += 1) {
    let digit = digits.charCodeAt(digits.length - 1 - index) - 48;
    if (index % 2 === 1) digit = digit > 4 ? digit * 2 - 9 : digit * 2;
    sum += digit;
  }
  return sum % 10 === 0;
}

function checkDigit(digits) {
  for (let digit = 0; digit < 10; digit += 1) {
    if (luhn(digits + digit)) return digit;
  }
  throw new TypeError('not a row of digits');
}

function brandOf(digits) {
  return BRANDS.find(([, pattern]) => pattern.test(digits))?.[0] ?? null;
}

// {brand, last4} of a card that may be charged; throws with the reason otherwise. The full number
// never leaves this function.
function accept({ number, expires }, now = new Date()) {
  const digits = String(number ?? '').replace(/[ -]/g, '');
  const brand = brandOf(digits);
  if (!brand || !luhn(digits)) throw new RangeError('card number is not valid');
  const match = /^(0[1-9]|1[0-2])\/(\d{2})$/.exec(expires ?? '');
  if (!match) throw new RangeError('card expiry must be MM/YY');
  const end = new Date(Date.UTC(2000 + Number(match[2]), Number(match[1]), 1));
  if (end <= now) throw new RangeError('card has expired');
  return { brand, last4: digits.slice(-4) };
}

module.exports = { luhn, checkDigit, brandOf, accept };
