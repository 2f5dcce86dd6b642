'use strict';

const http = require('node:http');
const { createClient } = require('redis');

const pastOrders = require('../../data/past_orders.json');
const products = require('../../data/products.json');
const { createShop } = require('./shop');

async function main() {
  const redis = createClient({ url: process.env.REDIS_URL });
  redis.on('error', (error) => console.error(`redis: ${error.message}`));
  await redis.connect();
  const shop = await createShop({ redis, products, pastOrders });
  const server = http.createServer(shop.handle);
  server.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
    console.log(`shop: http://127.0.0.1:${server.address().port}/`);
  });
}

main();
