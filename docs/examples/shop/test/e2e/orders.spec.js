'use strict';

const { test, expect, addToCart } = require('../support/browser');
const { ADDRESS, CARD } = require('../support/samples');

async function buy(page, id, quantity = 1) {
  await addToCart(page, id, quantity);
  const response = await page.request.post('/api/orders', { data: { address: ADDRESS, card: CARD } });
  return response.json();
}

test.beforeEach(async ({ customer }) => {
  test.info().annotations.push({ type: 'account', description: customer.email });
});

test('without orders the list says so', async ({ page }) => {
  await page.goto('/#/orders');
  await expect(page.getByText('No orders yet')).toBeVisible();
});

test('the newest order is on top', async ({ page }) => {
  const first = await buy(page, 'f-honey');
  const second = await buy(page, 'f-olive');
  await page.goto('/#/orders');
  const links = page.getByRole('list', { name: 'Orders' }).getByRole('link');
  await expect(links).toHaveText([second.id, first.id]);
});

test('an order can be cancelled', async ({ page }) => {
  const { id } = await buy(page, 'f-honey');
  await page.goto(`/#/order/${id}`);
  await expect(page.getByTestId('status')).toHaveText('paid');
  await page.getByRole('button', { name: 'Cancel order' }).click();
  await expect(page.getByTestId('status')).toHaveText('cancelled');
  await expect(page.getByRole('button', { name: 'Cancel order' })).toHaveCount(0);
});

test('the invoice is a page to print', async ({ page }) => {
  const { id } = await buy(page, 'f-honey', 10);
  await page.goto(`/#/order/${id}`);
  await page.getByRole('link', { name: 'Invoice' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(`Invoice ${id}`);
  await expect(page.getByRole('cell', { name: 'Linden Honey' })).toBeVisible();
  const pdf = await page.pdf({ format: 'A4' });
  expect(pdf.subarray(0, 5).toString()).toBe('%PDF-');
});

test('nobody sees the order of somebody else', async ({ page }) => {
  const { id } = await buy(page, 'f-honey');
  await page.context().clearCookies();
  await page.goto(`/#/order/${id}`);
  await expect(page.getByRole('alert')).toHaveText('log in first');
});
