'use strict';

// Sales figures from orders that were paid for.

const COUNTED = new Set(['paid', 'shipped', 'delivered']);

function quantile(sorted, share) {
  if (sorted.length === 0) return 0;
  const at = (sorted.length - 1) * share;
  const low = Math.floor(at);
  const high = Math.ceil(at);
  return sorted[low] + (sorted[high] - sorted[low]) * (at - low);
}

function salesReport(orders) {
  const counted = orders.filter((order) => COUNTED.has(order.status));
  const days = new Map();
  const products = new Map();
  for (const order of counted) {
    const day = order.createdAt.slice(0, 10);
    days.set(day, (days.get(day) ?? 0) + order.quote.total);
    for (const line of order.quote.lines) {
      const sum = products.get(line.id) ?? { id: line.id, quantity: 0, gross: 0 };
      sum.quantity += line.quantity;
      sum.gross += line.gross;
      products.set(line.id, sum);
    }
  }
  const totals = counted.map((order) => order.quote.total).sort((a, b) => a - b);
  return {
    orders: counted.length,
    revenue: totals.reduce((a, b) => a + b, 0),
    median: quantile(totals, 0.5),
    p95: quantile(totals, 0.95),
    days: [...days].sort().map(([day, revenue]) => ({ day, revenue })),
    top: [...products.values()]
      .sort((a, b) => b.gross - a.gross || (a.id < b.id ? -1 : 1))
      .slice(0, 5),
  };
}

module.exports = { salesReport, quantile };
