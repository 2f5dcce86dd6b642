'use strict';

const cart = require('../cart');
const coupons = require('../coupon');
const { quote } = require('../price');
const { countries } = require('../tax');
const { readJson } = require('./body');
const { HttpError } = require('./router');

// What the cart of this visitor or account costs. An unknown country is the caller's mistake.
async function quoteOf(shop, context, { country = 'DE', express = false } = {}) {
  if (!countries().includes(country)) throw new HttpError(422, `no delivery to ${country}`);
  const items = cart.resolve(await shop.carts.get(context.owner), shop.catalog);
  const couponCode = await shop.carts.coupon(context.owner);
  return quote({ items, country, express, couponCode, now: shop.now() });
}

async function showCart(shop, context) {
  const country = context.query.get('country') ?? 'DE';
  const express = context.query.get('express') === 'true';
  return { body: await quoteOf(shop, context, { country, express }) };
}

async function putItem(shop, context) {
  const { quantity } = await readJson(context.request);
  const { id } = context.params;
  if (!shop.catalog.get(id)) throw new HttpError(404, 'no such product');
  try {
    const content = cart.setQuantity(await shop.carts.get(context.owner), id, quantity);
    await shop.carts.put(context.owner, content);
  } catch (error) {
    if (error instanceof RangeError) throw new HttpError(422, error.message);
    throw error;
  }
  return showCart(shop, context);
}

async function removeItem(shop, context) {
  const content = cart.setQuantity(await shop.carts.get(context.owner), context.params.id, 0);
  await shop.carts.put(context.owner, content);
  return showCart(shop, context);
}

async function putCoupon(shop, context) {
  const { code } = await readJson(context.request);
  const coupon = coupons.find(code);
  const { lines } = await quoteOf(shop, context);
  const refused = coupons.refusal(coupon, lines, shop.now());
  if (refused) throw new HttpError(422, refused);
  await shop.carts.setCoupon(context.owner, coupon.code);
  return showCart(shop, context);
}

function routes(router) {
  router
    .on('GET', '/api/cart', showCart)
    .on('PUT', '/api/cart/items/:id', putItem)
    .on('DELETE', '/api/cart/items/:id', removeItem)
    .on('PUT', '/api/cart/coupon', putCoupon);
}

module.exports = { routes, quoteOf };
