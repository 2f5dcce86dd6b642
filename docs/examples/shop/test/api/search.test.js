'use strict';

const assert = require('node:assert/strict');
const { openShop } = require('../support/api');
const { sampleProducts } = require('../support/samples');

describe('search', () => {
  let shop;
  let client;
  before(async () => {
    shop = await openShop();
    client = shop.visitor();
  });
  after(() => shop.close());

  const names = async (query) => {
    const { body } = await client.get(`/api/search?q=${encodeURIComponent(query)}`);
    return body.items.map(({ name }) => name);
  };

  it('finds by name', async () => {
    assert.equal((await names('rain jacket'))[0], 'Rain Jacket');
  });

  it('forgives a typo', async () => {
    assert.equal((await names('jakcet'))[0], 'Rain Jacket');
  });

  it('finds while somebody types', async () => {
    for (let length = 2; length <= 'lighthouse'.length; length += 1) {
      const found = await names('lighthouse'.slice(0, length));
      assert.ok(found.includes('The Lantern Keeper'), `after ${length} letters`);
    }
  });

  it('finds nothing for nothing', async () => {
    assert.deepEqual(await names(''), []);
    assert.deepEqual(await names('xylophone'), []);
  });

  it('refuses a query as long as a book', async () => {
    const { status } = await client.get(`/api/search?q=${'a'.repeat(201)}`);
    assert.equal(status, 400);
  });
});

describe('search in a large shop', () => {
  const products = sampleProducts(4000, 12);
  let shop;
  before(async () => {
    shop = await openShop({ products });
  });
  after(() => shop.close());

  it('answers two hundred queries at once', async () => {
    const client = shop.visitor();
    const wanted = products.filter((_, index) => index % 20 === 0);
    const answers = await Promise.all(
      wanted.map(({ name }) => client.get(`/api/search?q=${encodeURIComponent(name)}`)),
    );
    answers.forEach(({ body }, index) => {
      assert.ok(body.items.some(({ id }) => id === wanted[index].id), wanted[index].name);
    });
  });
});
