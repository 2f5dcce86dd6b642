'use strict';

const { test, expect } = require('../support/browser');

test.beforeEach(async ({ page }) => {
  await page.goto('/');
});

test('the first page shows twelve of all goods', async ({ page }) => {
  await expect(page.getByTestId('total')).toHaveText('36 products');
  await expect(page.locator('.goods li')).toHaveCount(12);
});

test('pages lead on and back', async ({ page }) => {
  const first = await page.locator('.goods li').first().textContent();
  await page.getByRole('link', { name: 'Next' }).click();
  await expect(page.getByText('page 2 of 3')).toBeVisible();
  await expect(page.locator('.goods li').first()).not.toHaveText(first);
  await page.getByRole('link', { name: 'Next' }).click();
  await expect(page.getByRole('link', { name: 'Next' })).toHaveCount(0);
  await page.getByRole('link', { name: 'Previous' }).click();
  await expect(page.getByText('page 2 of 3')).toBeVisible();
  await page.getByRole('link', { name: 'Previous' }).click();
  await expect(page.locator('.goods li').first()).toHaveText(first);
});

for (const category of ['books', 'clothing', 'electronics', 'garden', 'toys']) {
  test(`${category} have a page of their own`, async ({ page }) => {
    await page.getByRole('link', { name: category, exact: true }).click();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText(category);
  });
}

test('the dearest comes first when asked', async ({ page }) => {
  await page.getByRole('link', { name: 'dearest first' }).click();
  await expect(page.locator('.goods li').first()).toContainText('Oak Bench');
});

test('an address without a page says so', async ({ page }) => {
  await page.goto('/#/product/unicorn');
  await expect(page.getByRole('alert')).toHaveText('no such product');
});
