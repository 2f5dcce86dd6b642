'use strict';

const ZONES = {
  home: ['DE'],
  near: ['AT', 'BE', 'FR', 'LU', 'NL', 'PL'],
  far: ['CH', 'ES', 'GB', 'IE', 'IT', 'SE'],
};

// Up to `grams`: price in cents. The last row is also the price of every further parcel.
const RATES = {
  home: [[1000, 390], [5000, 590], [31500, 1190]],
  near: [[1000, 890], [5000, 1390], [31500, 2290]],
  far: [[1000, 1490], [5000, 2190], [31500, 3990]],
};

const EXPRESS_FACTOR = 2;
const FREE_FROM = { home: 5000, near: 12000 };
const PARCEL_GRAMS = 31500;

function zoneOf(country) {
  for (const [zone, countries] of Object.entries(ZONES)) {
    if (countries.includes(country)) return zone;
  }
  throw new RangeError(`no shipping to ${country}`);
}

function parcelPrice(zone, grams) {
  return RATES[zone].find(([limit]) => grams <= limit)[1];
}

// First fit, heaviest first: how many parcels the items need, and how heavy each is.
function pack(weights) {
  const parcels = [];
  for (const grams of [...weights].sort((a, b) => b - a)) {
    if (grams > PARCEL_GRAMS) throw new RangeError('an item is too heavy for a parcel');
    const index = parcels.findIndex((load) => load + grams <= PARCEL_GRAMS);
    if (index < 0) parcels.push(grams);
    else parcels[index] += grams;
  }
  return parcels;
}

function shippingCost({ country, weights, goods, express = false }) {
  if (weights.length === 0) return 0;
  const zone = zoneOf(country);
  if (!express && goods >= (FREE_FROM[zone] ?? Infinity)) return 0;
  const cost = pack(weights).reduce((sum, grams) => sum + parcelPrice(zone, grams), 0);
  return express ? cost * EXPRESS_FACTOR : cost;
}

module.exports = { zoneOf, pack, shippingCost, PARCEL_GRAMS };
