'use strict';

const { HttpError } = require('./router');

function number(text, fallback, maximum) {
  if (text === null) return fallback;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > maximum) {
    throw new HttpError(400, `not a number from 1 to ${maximum}: ${text}`);
  }
  return value;
}

function listProducts(shop, { query }) {
  const sort = query.get('sort') ?? 'name';
  try {
    const found = shop.catalog.page({
      category: query.get('category'),
      sort,
      page: number(query.get('page'), 1, 10000),
      size: number(query.get('size'), 12, 100),
    });
    return { body: { ...found, categories: shop.catalog.categories() } };
  } catch (error) {
    if (error instanceof RangeError) throw new HttpError(400, error.message);
    throw error;
  }
}

async function showProduct(shop, { params }) {
  const product = shop.catalog.get(params.id);
  if (!product) throw new HttpError(404, 'no such product');
  const also = shop.recommender.for(product.id).map((id) => shop.catalog.get(id));
  return { body: { ...product, stock: await shop.stock.get(product.id), also: also.filter(Boolean) } };
}

function search(shop, { query }) {
  const text = query.get('q') ?? '';
  if (text.length > 200) throw new HttpError(400, 'query is too long');
  return { body: { items: shop.index.search(text).map((id) => shop.catalog.get(id)) } };
}

function routes(router) {
  router
    .on('GET', '/api/products', listProducts)
    .on('GET', '/api/products/:id', showProduct)
    .on('GET', '/api/search', search);
}

module.exports = { routes };
