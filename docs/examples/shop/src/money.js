'use strict';

// All amounts are whole cents; a float never holds money.

const SYMBOLS = { EUR: '€', USD: '$', GBP: '£', CHF: 'CHF', JPY: '¥' };
const DECIMALS = { JPY: 0 };

function decimalsOf(currency) {
  if (!(currency in SYMBOLS)) throw new RangeError(`unknown currency ${currency}`);
  return DECIMALS[currency] ?? 2;
}

function format(amount, currency = 'EUR') {
  if (!Number.isSafeInteger(amount)) throw new TypeError(`not a whole amount: ${amount}`);
  const decimals = decimalsOf(currency);
  const digits = String(Math.abs(amount)).padStart(decimals + 1, '0');
  const whole = digits.slice(0, digits.length - decimals).replace(/\B(?=(\d{3})+$)/g, ',');
  const fraction = decimals ? `.${digits.slice(-decimals)}` : '';
  return `${amount < 0 ? '-' : ''}${SYMBOLS[currency]} ${whole}${fraction}`;
}

function parse(text, currency = 'EUR') {
  const decimals = decimalsOf(currency);
  const match = /^\s*(-?)(?:[€$£¥]|CHF)?\s*(\d{1,3}(?:,\d{3})+|\d+)(?:\.(\d+))?\s*$/.exec(text);
  if (!match) throw new SyntaxError(`not an amount: ${text}`);
  const [, sign, whole, fraction = ''] = match;
  if (fraction.length > decimals) throw new SyntaxError(`too many decimals: ${text}`);
  const amount = Number(whole.replace(/,/g, '') + fraction.padEnd(decimals, '0'));
  return sign && amount ? -amount : amount;
}

// Half away from zero, as on paper receipts.
function round(value) {
  return Math.sign(value) * Math.round(Math.abs(value)) || 0;
}

// Share `total` by weights so that the parts add up to it exactly: the cents left over go to the
// largest remainders, ties to the first.
function allocate(total, weights) {
  const sum = weights.reduce((a, b) => a + b, 0);
  if (!(sum > 0)) throw new RangeError('weights must have a positive sum');
  const parts = weights.map((weight, index) => {
    const exact = (total * weight) / sum;
    return { index, cents: Math.floor(exact), rest: exact - Math.floor(exact) };
  });
  let left = total - parts.reduce((a, part) => a + part.cents, 0);
  const order = [...parts].sort((a, b) => b.rest - a.rest || a.index - b.index);
  for (const part of order) {
    if (left <= 0) break;
    part.cents += 1;
    left -= 1;
  }
  return parts.map((part) => part.cents);
}

module.exports = { format, parse, round, allocate };
