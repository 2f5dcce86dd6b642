'use strict';

const { test, expect, addToCart } = require('../support/browser');

const total = (page) => page.getByRole('row', { name: /^Total/ }).getByRole('cell');

test('an empty cart says so', async ({ page }) => {
  await page.goto('/#/cart');
  await expect(page.getByText('Your cart is empty')).toBeVisible();
});

test('quantities change the sum', async ({ page }) => {
  await addToCart(page, 't-yoyo', 1);
  await page.goto('/#/cart');
  await expect(total(page)).toHaveText('€ 11.80');
  const field = page.getByLabel('Quantity of Wooden Yo-Yo');
  await field.fill('10');
  await field.press('Tab');
  await expect(total(page)).toHaveText('€ 75.05');
  await expect(page.getByRole('row', { name: /^Shipping/ })).toContainText('free');
});

test('items can be removed', async ({ page }) => {
  await addToCart(page, 't-yoyo', 1);
  await addToCart(page, 'f-jam', 2);
  await page.goto('/#/cart');
  await page.getByRole('button', { name: 'Remove Wooden Yo-Yo' }).click();
  await expect(page.getByRole('table', { name: 'Items' }).getByRole('row')).toHaveCount(1);
  await page.getByRole('button', { name: 'Remove Apricot Jam' }).click();
  await expect(page.getByText('Your cart is empty')).toBeVisible();
});

test('the cart survives a reload', async ({ page }) => {
  await addToCart(page, 'c-scarf', 1);
  await page.goto('/#/cart');
  await expect(page.getByText('Wool Scarf')).toBeVisible();
  await page.reload();
  await expect(page.getByText('Wool Scarf')).toBeVisible();
  await expect(page.getByTestId('cart-count')).toHaveText('1');
});

test('two visitors have two carts', async ({ page, browser, baseURL }) => {
  await addToCart(page, 'c-scarf', 1);
  const other = await browser.newContext({ baseURL });
  const theirs = await other.newPage();
  await theirs.goto('/#/cart');
  await expect(theirs.getByText('Your cart is empty')).toBeVisible();
  await other.close();
});
