'use strict';

const { test, expect, addToCart } = require('../support/browser');

async function redeem(page, code) {
  await page.getByLabel('Coupon').fill(code);
  await page.getByRole('button', { name: 'Redeem' }).click();
}

test('a coupon lowers the total', async ({ page }) => {
  await addToCart(page, 'b-soup', 2);
  await page.goto('/#/cart');
  await redeem(page, 'bookworm');
  await expect(page.getByRole('row', { name: /Coupon BOOKWORM/ })).toContainText('−€ 7.35');
});

for (const [code, reason] of [
  ['NOPE', 'unknown coupon'],
  ['SUMMER24', 'coupon has expired'],
  ['FIVER', 'cart is below the minimum of the coupon'],
]) {
  test(`${code} is refused with the reason`, async ({ page }) => {
    await addToCart(page, 'f-choc', 1);
    await page.goto('/#/cart');
    await redeem(page, code);
    await expect(page.getByRole('alert')).toHaveText(reason);
    await expect(page.getByRole('row', { name: /^Coupon/ })).toHaveCount(0);
  });
}
