'use strict';

// "Others also bought": how much more often two products share an order than chance would have it.

function countPairs(orders) {
  const single = new Map();
  const pairs = new Map();
  for (const order of orders) {
    const ids = [...new Set(order)];
    for (const id of ids) {
      single.set(id, (single.get(id) ?? 0) + 1);
      let others = pairs.get(id);
      if (!others) pairs.set(id, (others = new Map()));
      for (const other of ids) {
        if (other !== id) others.set(other, (others.get(other) ?? 0) + 1);
      }
    }
  }
  return { single, pairs };
}

class Recommender {
  constructor(orders, { support = 2 } = {}) {
    this.total = orders.length;
    this.support = support;
    Object.assign(this, countPairs(orders));
  }

  lift(a, b) {
    const together = this.pairs.get(a)?.get(b) ?? 0;
    if (together === 0) return 0;
    return (together * this.total) / (this.single.get(a) * this.single.get(b));
  }

  for(id, limit = 4) {
    return [...(this.pairs.get(id) ?? [])]
      .filter(([, together]) => together >= this.support)
      .map(([other, together]) => ({ id: other, together, lift: this.lift(id, other) }))
      .filter(({ lift }) => lift > 1)
      .sort((a, b) => b.lift - a.lift || b.together - a.together || (a.id < b.id ? -1 : 1))
      .slice(0, limit)
      .map((entry) => entry.id);
  }
}

module.exports = { Recommender };
