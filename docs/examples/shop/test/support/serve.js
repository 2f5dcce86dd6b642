'use strict';

// The shop for the browser tests: own Redis, free port, gone with its parent.

const http = require('node:http');
const { createClient } = require('redis');

const pastOrders = require('../../data/past_orders.json');
const products = require('../../data/products.json');
const { createShop } = require('../../src/server/shop');
const { startRedis } = require('./redis_server');

async function main() {
  const server = await startRedis();
  const redis = createClient({ url: server.url });
  redis.on('error', () => {});
  await redis.connect();
  const shop = await createShop({ redis, products, pastOrders, requestsBurst: 1e6 });
  const listener = http.createServer(shop.handle).listen(0, '127.0.0.1', () => {
    console.log(`listening on port ${listener.address().port}`);
  });
  const end = async () => {
    await server.stop();
    process.exit(0);
  };
  process.once('SIGTERM', end);
  process.once('SIGINT', end);
}

main();
