'use strict';

const { randomUUID } = require('node:crypto');

class Sessions {
  constructor({ redis, key, ttlMs }) {
    this.redis = redis;
    this.key = key;
    this.ttlMs = ttlMs;
  }

  async open(user) {
    const id = randomUUID();
    const value = JSON.stringify({ email: user.email, name: user.name, role: user.role });
    await this.redis.set(this.key('session', id), value, { PX: this.ttlMs });
    return id;
  }

  // Every use prolongs the session.
  async get(id) {
    if (!id) return null;
    const value = await this.redis.getEx(this.key('session', id), { type: 'PX', value: this.ttlMs });
    return value ? JSON.parse(value) : null;
  }

  async close(id) {
    await this.redis.del(this.key('session', id));
  }
}

module.exports = { Sessions };
