'use strict';

const password = require('../password');

class Users {
  constructor({ redis, key }) {
    this.redis = redis;
    this.key = key;
  }

  // False when the address is taken: HSETNX decides, also between two servers.
  async create({ email, name, plain, role = 'customer' }) {
    const hash = await password.hash(plain);
    const record = JSON.stringify({ email, name, hash, role });
    return Boolean(await this.redis.hSetNX(this.key('users'), email, record));
  }

  async get(email) {
    const record = await this.redis.hGet(this.key('users'), email);
    return record ? JSON.parse(record) : null;
  }

  async authenticate(email, plain) {
    const user = await this.get(email);
    return user && (await password.verify(plain, user.hash)) ? user : null;
  }
}

module.exports = { Users };
