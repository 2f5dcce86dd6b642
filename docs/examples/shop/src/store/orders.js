'use strict';

class Orders {
  constructor({ redis, key }) {
    this.redis = redis;
    this.key = key;
  }

  async nextId() {
    const number = await this.redis.incr(this.key('order', 'last'));
    return `A${String(number).padStart(6, '0')}`;
  }

  async add(order) {
    await this.redis
      .multi()
      .hSet(this.key('orders'), order.id, JSON.stringify(order))
      .lPush(this.key('orders', order.user), order.id)
      .exec();
  }

  async update(order) {
    await this.redis.hSet(this.key('orders'), order.id, JSON.stringify(order));
  }

  async get(id) {
    const text = await this.redis.hGet(this.key('orders'), id);
    return text ? JSON.parse(text) : null;
  }

  // Newest first.
  async of(user) {
    const ids = await this.redis.lRange(this.key('orders', user), 0, -1);
    if (ids.length === 0) return [];
    const texts = await this.redis.hmGet(this.key('orders'), ids);
    return texts.map((text) => JSON.parse(text));
  }

  async all() {
    const texts = await this.redis.hVals(this.key('orders'));
    return texts.map((text) => JSON.parse(text));
  }
}

module.exports = { Orders };
