'use strict';

// Failed logins per account, shared by all servers: a fixed window in Redis.
class Attempts {
  constructor({ redis, key, limit, windowMs }) {
    Object.assign(this, { redis, key, limit, windowMs });
  }

  async isBlocked(email) {
    return Number((await this.redis.get(this.key('attempts', email))) ?? 0) >= this.limit;
  }

  async fail(email) {
    const key = this.key('attempts', email);
    await this.redis.set(key, '0', { PX: this.windowMs, NX: true });
    await this.redis.incr(key);
  }

  async forget(email) {
    await this.redis.del(this.key('attempts', email));
  }
}

module.exports = { Attempts };
