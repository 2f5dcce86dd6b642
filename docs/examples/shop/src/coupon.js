'use strict';

const { round } = require('./money');

const COUPONS = {
  WELCOME10: { kind: 'percent', value: 10, minimum: 0 },
  FIVER: { kind: 'fixed', value: 500, minimum: 2500 },
  BOOKWORM: { kind: 'percent', value: 15, minimum: 0, category: 'books' },
  SUMMER24: { kind: 'percent', value: 25, minimum: 0, until: '2024-08-31' },
  FREESHIP: { kind: 'shipping', value: 0, minimum: 2000 },
};

function find(code) {
  const key = String(code).trim().toUpperCase();
  return Object.hasOwn(COUPONS, key) ? { code: key, ...COUPONS[key] } : null;
}

// Why the coupon does not apply, or null when it does.
function refusal(coupon, lines, now = new Date()) {
  if (!coupon) return 'unknown coupon';
  if (coupon.until && now > new Date(`${coupon.until}T23:59:59Z`)) return 'coupon has expired';
  const sum = eligible(coupon, lines);
  if (sum === 0) return 'coupon fits nothing in the cart';
  if (sum < coupon.minimum) return 'cart is below the minimum of the coupon';
  return null;
}

function eligible(coupon, lines) {
  return lines
    .filter((line) => !coupon.category || line.category === coupon.category)
    .reduce((sum, line) => sum + line.gross, 0);
}

function discount(coupon, lines) {
  const sum = eligible(coupon, lines);
  switch (coupon.kind) {
    case 'percent':
      return round((sum * coupon.value) / 100);
    case 'fixed':
      return Math.min(sum, coupon.value);
    default:
      return 0;
  }
}

module.exports = { find, refusal, discount };
