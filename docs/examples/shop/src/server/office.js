'use strict';

const { formatCsv, parseTable } = require('../csv');
const { salesReport } = require('../report');
const signature = require('../signature');
const { parseJson, readText } = require('./body');
const { changeStatus } = require('./checkout');
const { HttpError } = require('./router');

function requireAdmin({ user }) {
  if (!user) throw new HttpError(401, 'log in first');
  if (user.role !== 'admin') throw new HttpError(403, 'for the office only');
}

async function report(shop, context) {
  requireAdmin(context);
  return { body: salesReport(await shop.orders.all()) };
}

// A CSV with the columns id and stock; either every row is good or nothing changes.
async function importStock(shop, context) {
  requireAdmin(context);
  let rows;
  try {
    rows = parseTable(await readText(context.request));
  } catch (error) {
    if (error instanceof SyntaxError) throw new HttpError(400, error.message);
    throw error;
  }
  const levels = rows.map((row, index) => {
    const stock = Number(row.stock);
    if (!shop.catalog.get(row.id)) throw new HttpError(422, `row ${index + 2}: no product ${row.id}`);
    if (!row.stock || !Number.isInteger(stock) || stock < 0) {
      throw new HttpError(422, `row ${index + 2}: not a stock: ${row.stock}`);
    }
    return { id: row.id, stock };
  });
  await shop.stock.fill(levels);
  return { body: { changed: levels.length } };
}

async function exportStock(shop, context) {
  requireAdmin(context);
  const rows = await Promise.all(
    shop.catalog.all().map(async ({ id, name }) => [id, name, await shop.stock.get(id)]),
  );
  return { type: 'text/csv', body: formatCsv([['id', 'name', 'stock'], ...rows]) };
}

// The carrier reports what became of a parcel; its signature is all that speaks for it.
async function carrierEvent(shop, context) {
  const text = await readText(context.request);
  if (!signature.isValid(shop.carrierSecret, text, context.request.headers['x-signature'])) {
    throw new HttpError(403, 'signature is wrong');
  }
  const { order: id, status } = parseJson(text);
  const order = await shop.orders.get(id);
  if (!order) throw new HttpError(404, 'no such order');
  return { body: { status: (await changeStatus(shop, order, status)).status } };
}

function routes(router) {
  router
    .on('GET', '/api/office/report', report)
    .on('GET', '/api/office/stock', exportStock)
    .on('PUT', '/api/office/stock', importStock)
    .on('POST', '/api/carrier/events', carrierEvent);
}

module.exports = { routes };
