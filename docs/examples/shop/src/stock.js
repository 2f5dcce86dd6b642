'use strict';

// Forecast for the buyer: how long the stock lasts and how much to order.

// Exponential smoothing with a trend (Holt): the coming day's sales from the past ones.
function forecast(sales, { alpha = 0.4, beta = 0.2 } = {}) {
  if (sales.length === 0) return 0;
  let level = sales[0];
  let trend = 0;
  for (const value of sales.slice(1)) {
    const before = level;
    level = alpha * value + (1 - alpha) * (level + trend);
    trend = beta * (level - before) + (1 - beta) * trend;
  }
  return Math.max(0, level + trend);
}

function daysLeft(stock, sales) {
  const perDay = forecast(sales);
  return perDay === 0 ? Infinity : stock / perDay;
}

function deviation(values) {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  return Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length);
}

// Units to order now, in full boxes: demand until the delivery plus a reserve of two deviations.
function reorder({ stock, sales, leadDays, box = 1 }) {
  if (sales.length === 0) return 0;
  const need = forecast(sales) * leadDays + 2 * deviation(sales) * Math.sqrt(leadDays);
  return Math.ceil(Math.max(0, need - stock) / box) * box;
}

module.exports = { forecast, daysLeft, reorder };
