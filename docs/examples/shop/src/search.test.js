'use strict';

const products = require('../data/products.json');
const { sampleProducts } = require('../test/support/samples');
const { SearchIndex, words, nearlyEqual } = require('./search');

test('words drop case, accents and punctuation', () => {
  expect(words('Crème brûlée, 2×4!')).toEqual(['creme', 'brulee', '2', '4']);
});

test.each([
  ['coffee', 'cofee', true],
  ['coffee', 'coffe', true],
  ['coffee', 'cofffee', true],
  ['coffee', 'cofefe', true],
  ['coffee', 'toffee', true],
  ['coffee', 'tofees', false],
  ['tea', 'team', true],
  ['', 'ab', false],
])('%s and %s: nearly equal is %s', (a, b, expected) => {
  expect(nearlyEqual(a, b)).toBe(expected);
  expect(nearlyEqual(b, a)).toBe(expected);
});

describe('in the goods of this shop', () => {
  const index = new SearchIndex(products);

  test.each([
    ['coffee', 'f-filter'],
    ['espresso', 'f-espresso'],
    ['bench oak', 'g-bench'],
    ['KETTLE', 'e-kettle'],
    ['ketlte', 'e-kettle'],
    ['choc', 'f-choc'],
  ])('%s finds %s first', (query, id) => {
    expect(index.search(query)[0]).toBe(id);
  });

  test('all words must match', () => {
    expect(index.search('coffee spade')).toEqual([]);
  });

  test('nothing finds nothing', () => {
    expect(index.search(' ,. ')).toEqual([]);
  });
});

describe('in many goods', () => {
  const goods = sampleProducts(12000, 5);
  const index = new SearchIndex(goods);

  test('every product is found by its name', () => {
    for (let n = 0; n < goods.length; n += 400) {
      expect(index.search(goods[n].name, 3)).toContain(goods[n].id);
    }
  });

  test('a prefix finds at least as much as the word', () => {
    expect(index.search('lad', Infinity).length).toBe(index.search('ladder', Infinity).length);
  });

  test('a name counts more than a description', () => {
    const [best] = index.search('fiddle goblet', 1);
    expect(goods.find(({ id }) => id === best).name).toMatch(/fiddle|goblet/);
  });
});
