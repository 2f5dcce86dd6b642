'use strict';

const { randomUUID } = require('node:crypto');
const { test, expect, addToCart, PASSWORD } = require('../support/browser');

async function fill(page, fields) {
  for (const [label, value] of Object.entries(fields)) await page.getByLabel(label).fill(value);
}

test('an account is opened and left again', async ({ page }) => {
  await page.goto('/#/register');
  await fill(page, { Name: 'Grace', 'E-mail': `grace-${randomUUID()}@mail.test`, Password: PASSWORD });
  await page.getByRole('button', { name: 'Open account' }).click();
  await expect(page.getByRole('link', { name: 'Orders of Grace' })).toBeVisible();
  await page.getByRole('button', { name: 'Log out' }).click();
  await expect(page.getByRole('link', { name: 'Log in' })).toBeVisible();
});

test('a weak password is refused', async ({ page }) => {
  await page.goto('/#/register');
  await fill(page, { Name: 'Grace', 'E-mail': 'weak@mail.test', Password: 'password' });
  await page.getByRole('button', { name: 'Open account' }).click();
  await expect(page.getByRole('alert')).toContainText('password is too common');
});

test('a wrong password does not open an account', async ({ page, customer }) => {
  await page.context().clearCookies();
  await page.goto('/#/login');
  await fill(page, { 'E-mail': customer.email, Password: 'guess guess' });
  await page.getByRole('button', { name: 'Log in' }).click();
  await expect(page.getByRole('alert')).toHaveText('e-mail address or password is wrong');
});

test('the cart of a visitor comes along at login', async ({ page, customer }) => {
  await page.context().clearCookies();
  await addToCart(page, 'g-can', 2);
  await page.goto('/#/login');
  await fill(page, { 'E-mail': customer.email, Password: customer.password });
  await page.getByRole('button', { name: 'Log in' }).click();
  await expect(page.getByRole('link', { name: 'Orders of Ada' })).toBeVisible();
  await expect(page.getByTestId('cart-count')).toHaveText('2');
});

test('after five wrong passwords there is a pause', async ({ page, customer }) => {
  await page.context().clearCookies();
  for (let n = 0; n < 5; n += 1) {
    await page.request.post('/api/session', {
      data: { email: customer.email, password: `guess number ${n}` },
    });
  }
  await page.goto('/#/login');
  await fill(page, { 'E-mail': customer.email, Password: customer.password });
  await page.getByRole('button', { name: 'Log in' }).click();
  await expect(page.getByRole('alert')).toHaveText('too many attempts, wait a minute');
});
