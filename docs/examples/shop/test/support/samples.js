'use strict';

// Invented goods and orders: large, but the same in every run.

const ADJECTIVES = 'amber brave calm dusty early faint gentle hollow ivory jolly keen lunar mild noble'.split(' ');
const NOUNS = 'anchor basket candle drum easel fiddle goblet hammer inkwell jug kettle ladder mirror'.split(' ');
const CATEGORIES = ['books', 'food', 'clothing', 'electronics', 'garden', 'toys'];

// Mulberry32: small, fast, good enough for samples.
function randomFrom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

function pick(random, list) {
  return list[Math.floor(random() * list.length)];
}

function sampleProducts(count, seed = 1) {
  const random = randomFrom(seed);
  return Array.from({ length: count }, (_, index) => {
    const words = [pick(random, ADJECTIVES), pick(random, NOUNS), pick(random, NOUNS)];
    return {
      id: `p${String(index).padStart(6, '0')}`,
      name: `${words.join(' ')} ${index}`,
      description: Array.from({ length: 12 }, () => pick(random, [...ADJECTIVES, ...NOUNS])).join(' '),
      category: pick(random, CATEGORIES),
      price: 50 + Math.floor(random() * 20000),
      weight: 20 + Math.floor(random() * 4000),
      stock: Math.floor(random() * 100),
    };
  });
}

function sampleItems(products, count, seed = 2) {
  const random = randomFrom(seed);
  return Array.from({ length: count }, () => ({
    product: pick(random, products),
    quantity: 1 + Math.floor(random() * 60),
  }));
}

const ADDRESS = {
  name: 'Ada Example',
  street: 'Lange Gasse 7',
  zip: '10115',
  city: 'Berlin',
  country: 'DE',
};

const CARD = { number: '4242 4242 4242 4242', expires: '12/99' };

module.exports = { randomFrom, pick, sampleProducts, sampleItems, ADDRESS, CARD };
