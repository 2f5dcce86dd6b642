'use strict';

const cart = require('../cart');

// A cart is a Redis hash {product id: quantity} that expires when nobody touches it.
class Carts {
  constructor({ redis, key, ttlMs }) {
    this.redis = redis;
    this.key = key;
    this.ttlMs = ttlMs;
  }

  async get(owner) {
    const fields = await this.redis.hGetAll(this.key('cart', owner));
    return Object.fromEntries(Object.entries(fields).map(([id, text]) => [id, Number(text)]));
  }

  async put(owner, content) {
    const key = this.key('cart', owner);
    const change = this.redis.multi().del(key);
    if (cart.count(content) > 0) change.hSet(key, content).pExpire(key, this.ttlMs);
    await change.exec();
  }

  async setCoupon(owner, code) {
    await this.redis.set(this.key('coupon', owner), code, { PX: this.ttlMs });
  }

  async coupon(owner) {
    return this.redis.get(this.key('coupon', owner));
  }

  async clear(owner) {
    await this.redis.del([this.key('cart', owner), this.key('coupon', owner)]);
  }

  // At login: what the visitor collected joins what waits in the account.
  async adopt(visitor, account) {
    const merged = cart.merge(await this.get(account), await this.get(visitor));
    await this.put(account, merged);
    await this.clear(visitor);
  }
}

module.exports = { Carts };
