'use strict';

// A token bucket per key: `burst` requests at once, then `perSecond`. Full buckets are forgotten, so
// memory follows the number of keys that are active now.
class RateLimiter {
  constructor({ burst, perSecond, now = () => Date.now() }) {
    this.burst = burst;
    this.perSecond = perSecond;
    this.now = now;
    this.buckets = new Map();
  }

  #level(bucket, at) {
    return Math.min(this.burst, bucket.level + ((at - bucket.at) / 1000) * this.perSecond);
  }

  // {allowed, retryAfterMs}
  take(key) {
    const at = this.now();
    const bucket = this.buckets.get(key) ?? { level: this.burst, at };
    const level = this.#level(bucket, at);
    const allowed = level >= 1;
    this.buckets.set(key, { level: allowed ? level - 1 : level, at });
    const missing = allowed ? 0 : 1 - level;
    return { allowed, retryAfterMs: Math.ceil((missing / this.perSecond) * 1000) };
  }

  sweep() {
    const at = this.now();
    for (const [key, bucket] of this.buckets) {
      if (this.#level(bucket, at) >= this.burst) this.buckets.delete(key);
    }
    return this.buckets.size;
  }
}

module.exports = { RateLimiter };
