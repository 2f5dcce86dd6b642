'use strict';

const { checkAddress } = require('../address');
const card = require('../card');
const { renderInvoice } = require('../invoice');
const orders = require('../order');
const { renderReceipt } = require('../receipt');
const { quoteOf } = require('./basket');
const { readJson } = require('./body');
const { HttpError } = require('./router');

function requireUser(context) {
  if (!context.user) throw new HttpError(401, 'log in first');
  return context.user;
}

function acceptCard(input, now) {
  try {
    return card.accept(input ?? {}, now);
  } catch (error) {
    if (error instanceof RangeError) throw new HttpError(422, error.message);
    throw error;
  }
}

async function placeOrder(shop, context) {
  const user = requireUser(context);
  const body = await readJson(context.request);
  const { address, errors } = checkAddress(body.address);
  if (Object.keys(errors).length > 0) throw new HttpError(422, 'address is not valid', errors);
  const payment = acceptCard(body.card, shop.now());
  const quote = await quoteOf(shop, context, {
    country: address.country,
    express: body.express === true,
  });
  if (quote.lines.length === 0) throw new HttpError(422, 'cart is empty');
  const short = await shop.stock.reserve(quote.lines);
  if (short) throw new HttpError(409, `not enough in stock: ${shop.catalog.get(short).name}`);
  const id = await shop.orders.nextId();
  const placed = orders.place({ id, user: user.email, address, quote, payment, at: shop.now() });
  const paid = orders.move(placed, 'paid', shop.now());
  await shop.orders.add(paid);
  await shop.carts.clear(context.owner);
  return { status: 201, body: paid };
}

// An order of somebody else does not exist, as far as a customer can tell.
async function ownOrder(shop, context) {
  const user = requireUser(context);
  const order = await shop.orders.get(context.params.id);
  if (!order || (order.user !== user.email && user.role !== 'admin')) {
    throw new HttpError(404, 'no such order');
  }
  return order;
}

async function listOrders(shop, context) {
  return { body: { items: await shop.orders.of(requireUser(context).email) } };
}

async function showOrder(shop, context) {
  return { body: await ownOrder(shop, context) };
}

async function changeStatus(shop, order, status) {
  let moved;
  try {
    moved = orders.move(order, status, shop.now());
  } catch (error) {
    if (error instanceof RangeError) throw new HttpError(409, error.message);
    throw error;
  }
  await shop.orders.update(moved);
  if (orders.restocks(moved)) await shop.stock.release(moved.quote.lines);
  return moved;
}

async function cancelOrder(shop, context) {
  return { body: await changeStatus(shop, await ownOrder(shop, context), 'cancelled') };
}

async function showReceipt(shop, context) {
  return { type: 'text/plain', body: renderReceipt(await ownOrder(shop, context)) };
}

async function showInvoice(shop, context) {
  return { type: 'text/html', body: renderInvoice(await ownOrder(shop, context)) };
}

function routes(router) {
  router
    .on('POST', '/api/orders', placeOrder)
    .on('GET', '/api/orders', listOrders)
    .on('GET', '/api/orders/:id', showOrder)
    .on('POST', '/api/orders/:id/cancel', cancelOrder)
    .on('GET', '/api/orders/:id/receipt', showReceipt)
    .on('GET', '/api/orders/:id/invoice', showInvoice);
}

module.exports = { routes, changeStatus };
