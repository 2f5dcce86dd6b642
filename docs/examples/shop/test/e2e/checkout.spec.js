'use strict';

const { test, expect, addToCart, fillAddress, PASSWORD } = require('../support/browser');
const { randomUUID } = require('node:crypto');

test('from the shelf to the receipt', async ({ page }) => {
  await page.goto('/');
  await page.getByRole('searchbox').fill('puzzle');
  await page.getByRole('link', { name: 'Puzzle 1000 Pieces' }).click();
  await page.getByRole('button', { name: 'Add to cart' }).click();
  await expect(page.getByTestId('cart-count')).toHaveText('1');
  await page.getByRole('link', { name: /^Cart/ }).click();
  await page.getByRole('link', { name: 'Checkout' }).click();

  await page.getByRole('link', { name: 'Open an account' }).click();
  await page.getByLabel('Name').fill('Lin');
  await page.getByLabel('E-mail').fill(`lin-${randomUUID()}@mail.test`);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Open account' }).click();

  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Checkout');
  await fillAddress(page);
  await page.getByRole('button', { name: 'Buy now' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(/^Order A\d{6}$/);
  await expect(page.getByTestId('receipt')).toContainText('1 x Puzzle 1000 Pieces');
  await expect(page.getByTestId('receipt')).toContainText(/Total +€ 18\.80/);
  await expect(page.getByTestId('cart-count')).toHaveText('0');
});

test('country and express change the shipping', async ({ page, customer }) => {
  await addToCart(page, 'b-chess', 1);
  await page.goto('/#/checkout');
  const shipping = page.getByRole('row', { name: /^Shipping/ });
  await expect(shipping).toContainText('€ 3.90');
  await page.getByLabel('Country').selectOption('FR');
  await expect(shipping).toContainText('€ 8.90');
  await page.getByLabel('Express').check();
  await expect(shipping).toContainText('€ 17.80');
  expect(customer.email).toContain('@');
});

test.describe('with something wrong', () => {
  test.beforeEach(async ({ page, customer }) => {
    test.info().annotations.push({ type: 'account', description: customer.email });
    await addToCart(page, 'b-chess', 1);
    await page.goto('/#/checkout');
  });

  for (const [what, fields, reason] of [
    ['a mistyped card', { 'Card number': '4242 4242 4242 4241' }, 'card number is not valid'],
    ['an old card', { 'Expires (MM/YY)': '01/20' }, 'card has expired'],
    ['a bad postal code', { 'Postal code': '1' }, 'zip is not a postal code of DE'],
    ['no name', { Name: '' }, 'name is missing'],
  ]) {
    test(`${what} is refused, the cart stays`, async ({ page }) => {
      await fillAddress(page, fields);
      await page.getByRole('button', { name: 'Buy now' }).click();
      await expect(page.getByRole('alert')).toContainText(reason);
      await expect(page.getByTestId('cart-count')).toHaveText('1');
    });
  }
});
