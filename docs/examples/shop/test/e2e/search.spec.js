'use strict';

const { test, expect } = require('../support/browser');

test.beforeEach(async ({ page }) => {
  await page.goto('/');
});

test('results follow every key', async ({ page }) => {
  await page.getByRole('searchbox').pressSequentially('kettle', { delay: 20 });
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Results for “kettle”');
  await expect(page.locator('.goods li')).toHaveCount(1);
  await expect(page.locator('.goods li')).toContainText('Electric Kettle');
});

test('a typo does no harm', async ({ page }) => {
  await page.getByRole('searchbox').fill('choclate');
  await expect(page.locator('.goods li').first()).toContainText('Dark Chocolate');
});

test('nothing found is said', async ({ page }) => {
  await page.getByRole('searchbox').fill('zeppelin');
  await expect(page.getByText('Nothing found')).toBeVisible();
});

test('an empty search shows everything again', async ({ page }) => {
  await page.getByRole('searchbox').fill('kite');
  await expect(page.locator('.goods li')).toHaveCount(1);
  await page.getByRole('searchbox').fill('');
  await expect(page.locator('.goods li')).toHaveCount(12);
});

test('what is typed stays text', async ({ page }) => {
  await page.getByRole('searchbox').fill('<img src=x onerror=alert(1)>');
  await expect(page.getByRole('heading', { level: 1 })).toContainText('<img src=x');
  await expect(page.locator('main img')).toHaveCount(0);
});
