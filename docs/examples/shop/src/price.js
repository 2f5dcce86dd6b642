'use strict';

const coupons = require('./coupon');
const { allocate, round } = require('./money');
const { shippingCost } = require('./shipping');
const { taxTable } = require('./tax');

// From this quantity of one product on, percent off.
const BULK = [[50, 12], [20, 8], [10, 5]];

function bulkPercent(quantity) {
  const step = BULK.find(([from]) => quantity >= from);
  return step ? step[1] : 0;
}

function priceLine({ product, quantity }) {
  const full = product.price * quantity;
  const off = round((full * bulkPercent(quantity)) / 100);
  return {
    id: product.id,
    name: product.name,
    category: product.category,
    unit: product.price,
    quantity,
    off,
    gross: full - off,
  };
}

// The whole sum of a cart: items [{product, quantity}] in, every figure of the receipt out. The
// discount is spread over the lines, so that each part carries its own tax rate.
function quote({ items, country = 'DE', couponCode = null, express = false, now = new Date() }) {
  const lines = items.map(priceLine);
  const goods = lines.reduce((sum, line) => sum + line.gross, 0);
  const coupon = couponCode ? coupons.find(couponCode) : null;
  const refused = couponCode ? coupons.refusal(coupon, lines, now) : null;
  const discount = coupon && !refused ? coupons.discount(coupon, lines) : 0;

  const weights = items.flatMap(({ product, quantity }) => Array(quantity).fill(product.weight));
  const free = coupon?.kind === 'shipping' && !refused && !express;
  const shipping = free ? 0 : shippingCost({ country, weights, goods, express });

  return {
    country,
    lines,
    goods,
    coupon: coupon && !refused ? coupon.code : null,
    couponRefused: refused,
    discount,
    shipping,
    taxes: taxTable(discounted(lines, coupon, discount, shipping), country),
    total: goods - discount + shipping,
  };
}

function discounted(lines, coupon, discount, shipping) {
  const taxed = lines.map(({ category, gross }) => ({ category, gross }));
  if (discount > 0) {
    const hit = taxed.filter((line) => !coupon.category || line.category === coupon.category);
    const parts = allocate(discount, hit.map((line) => line.gross));
    hit.forEach((line, index) => {
      line.gross -= parts[index];
    });
  }
  if (shipping > 0) taxed.push({ category: 'standard', gross: shipping });
  return taxed;
}

module.exports = { bulkPercent, priceLine, quote };
