'use strict';

const { randomUUID } = require('node:crypto');
const base = require('@playwright/test');

const PASSWORD = 'correct horse battery';

// `customer` is a fresh account that is logged in already; tests share the server, never an account.
const test = base.test.extend({
  customer: async ({ page }, use) => {
    const email = `ada-${randomUUID()}@mail.test`;
    const response = await page.request.post('/api/users', {
      data: { email, name: 'Ada', password: PASSWORD },
    });
    base.expect(response.status()).toBe(201);
    await use({ email, password: PASSWORD });
  },
});

async function addToCart(page, id, quantity = 1) {
  await page.request.put(`/api/cart/items/${id}`, { data: { quantity } });
}

async function fillAddress(page, more = {}) {
  const fields = {
    Name: 'Ada Example',
    Street: 'Lange Gasse 7',
    'Postal code': '10115',
    City: 'Berlin',
    'Card number': '4242 4242 4242 4242',
    'Expires (MM/YY)': '12/99',
    ...more,
  };
  for (const [label, value] of Object.entries(fields)) {
    await page.getByLabel(label, { exact: true }).fill(value);
  }
}

module.exports = { test, expect: base.expect, addToCart, fillAddress, PASSWORD };
