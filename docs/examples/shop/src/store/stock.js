'use strict';

// All or nothing, in one step on the server: two buyers never get the same last piece. Answers the
// position of the first product that is short, or 0.
const RESERVE = `
for i = 1, #ARGV, 2 do
  local left = tonumber(redis.call('HGET', KEYS[1], ARGV[i]) or '0')
  if left < tonumber(ARGV[i + 1]) then return (i + 1) / 2 end
end
for i = 1, #ARGV, 2 do redis.call('HINCRBY', KEYS[1], ARGV[i], -ARGV[i + 1]) end
return 0`;

class Stock {
  constructor({ redis, key }) {
    this.redis = redis;
    this.key = key('stock');
  }

  async fill(products) {
    const levels = products.flatMap(({ id, stock }) => [id, String(stock)]);
    if (levels.length > 0) await this.redis.hSet(this.key, levels);
  }

  async get(id) {
    return Number((await this.redis.hGet(this.key, id)) ?? 0);
  }

  async set(id, level) {
    await this.redis.hSet(this.key, id, String(level));
  }

  // Lines [{id, quantity}]; the id of the product that is short, or null when all were taken.
  async reserve(lines) {
    const args = lines.flatMap(({ id, quantity }) => [id, String(quantity)]);
    const short = await this.redis.eval(RESERVE, { keys: [this.key], arguments: args });
    return short ? lines[short - 1].id : null;
  }

  async release(lines) {
    const change = this.redis.multi();
    for (const { id, quantity } of lines) change.hIncrBy(this.key, id, quantity);
    await change.exec();
  }
}

module.exports = { Stock };
