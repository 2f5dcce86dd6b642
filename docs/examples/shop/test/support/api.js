'use strict';

const { randomUUID } = require('node:crypto');
const http = require('node:http');
const { createClient } = require('redis');

const pastOrders = require('../../data/past_orders.json');
const products = require('../../data/products.json');
const { createShop } = require('../../src/server/shop');
const { Client } = require('./client');
const { ADDRESS, CARD } = require('./samples');

const PASSWORD = 'correct horse battery';

// A shop on a real port with real data behind it, for one test file.
async function openShop(options = {}) {
  const redis = createClient({ url: process.env.REDIS_URL });
  redis.on('error', () => {});
  await redis.connect();
  const prefix = `test:${randomUUID()}`;
  const shop = await createShop({
    redis,
    prefix,
    products,
    pastOrders,
    requestsBurst: 1e6,
    ...options,
  });
  const server = http.createServer(shop.handle);
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const base = `http://127.0.0.1:${server.address().port}`;
  return {
    shop,
    redis,
    prefix,
    base,
    visitor: () => new Client(base),
    customer: (name = 'ada') => logInNew(shop, base, name, 'customer'),
    admin: () => logInNew(shop, base, 'boss', 'admin'),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      redis.destroy();
    },
  };
}

async function logInNew(shop, base, name, role) {
  const email = `${name}-${randomUUID()}@mail.test`;
  await shop.users.create({ email, name, plain: PASSWORD, role });
  const client = new Client(base);
  await client.post('/api/session', { email, password: PASSWORD });
  return Object.assign(client, { email });
}

// Put {id: quantity} into the cart and buy it.
async function buy(client, content, more = {}) {
  for (const [id, quantity] of Object.entries(content)) {
    await client.put(`/api/cart/items/${id}`, { quantity });
  }
  return client.post('/api/orders', { address: ADDRESS, card: CARD, ...more });
}

module.exports = { openShop, buy, PASSWORD };
