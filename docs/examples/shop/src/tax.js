'use strict';

const { round } = require('./money');

// Percent, by country and class of goods. `standard` is the fallback of every class.
const RATES = {
  AT: { standard: 20, food: 10, books: 10 },
  BE: { standard: 21, food: 6, books: 6 },
  CH: { standard: 8.1, food: 2.6, books: 2.6 },
  DE: { standard: 19, food: 7, books: 7 },
  ES: { standard: 21, food: 10, books: 4 },
  FR: { standard: 20, food: 5.5, books: 5.5 },
  GB: { standard: 20, food: 0, books: 0 },
  IE: { standard: 23, food: 0, books: 0 },
  IT: { standard: 22, food: 10, books: 4 },
  LU: { standard: 17, food: 3, books: 3 },
  NL: { standard: 21, food: 9, books: 9 },
  PL: { standard: 23, food: 5, books: 5 },
  SE: { standard: 25, food: 12, books: 6 },
};

function countries() {
  return Object.keys(RATES);
}

function rateOf(country, category) {
  const rates = RATES[country];
  if (!rates) throw new RangeError(`no tax table for ${country}`);
  return rates[category] ?? rates.standard;
}

// Prices include tax: the part of `gross` that is tax.
function taxIncluded(gross, rate) {
  return round((gross * rate) / (100 + rate));
}

// Lines {gross, category} to one row per rate, highest rate first. Tax is computed on the sum of a
// rate, not line by line: otherwise a hundred small lines drift by whole cents.
function taxTable(lines, country) {
  const sums = new Map();
  for (const line of lines) {
    const rate = rateOf(country, line.category);
    sums.set(rate, (sums.get(rate) ?? 0) + line.gross);
  }
  return [...sums]
    .sort(([a], [b]) => b - a)
    .map(([rate, gross]) => {
      const tax = taxIncluded(gross, rate);
      return { rate, gross, tax, net: gross - tax };
    });
}

module.exports = { countries, rateOf, taxIncluded, taxTable };
