'use strict';

const { test, expect } = require('../support/browser');

test('a product shows price, stock and description', async ({ page }) => {
  await page.goto('/');
  await page.getByRole('link', { name: 'Apricot Jam' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Apricot Jam');
  await expect(page.getByText('Jam with whole pieces of apricot')).toBeVisible();
  await expect(page.locator('p.price')).toHaveText('€ 4.50');
  await expect(page.getByTestId('stock')).toHaveText(/\d+ in stock/);
});

test('it goes into the cart', async ({ page }) => {
  await page.goto('/#/product/f-jam');
  await page.getByLabel('Quantity').fill('3');
  await page.getByRole('button', { name: 'Add to cart' }).click();
  await expect(page.getByTestId('cart-count')).toHaveText('3');
  await page.getByLabel('Quantity').fill('2');
  await page.getByRole('button', { name: 'Add to cart' }).click();
  await expect(page.getByTestId('cart-count')).toHaveText('5');
});

test('too many are refused', async ({ page }) => {
  await page.goto('/#/product/f-jam');
  await page.getByLabel('Quantity').fill('99');
  await page.getByRole('button', { name: 'Add to cart' }).click();
  await expect(page.getByTestId('cart-count')).toHaveText('99');
  await page.getByLabel('Quantity').fill('1');
  await page.getByRole('button', { name: 'Add to cart' }).click();
  await expect(page.getByRole('alert')).toHaveText('quantity must be 0 to 99');
});

test('others also bought leads to the next product', async ({ page }) => {
  await page.goto('/#/product/f-espresso');
  await page.getByRole('list', { name: 'Others also bought' }).getByRole('link', { name: 'Electric Kettle' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Electric Kettle');
});
