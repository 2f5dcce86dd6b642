'use strict';

const { startRedis } = require('./redis_server');

// One Redis for the whole run, also with --parallel: workers learn its address from the environment.
// Test files keep out of each other's way by their own key prefix (see api.js).
let redis;

exports.mochaGlobalSetup = async () => {
  redis = await startRedis();
  process.env.REDIS_URL = redis.url;
};

exports.mochaGlobalTeardown = async () => {
  await redis?.stop();
};
