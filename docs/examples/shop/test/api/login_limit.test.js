'use strict';

const assert = require('node:assert/strict');
const { setTimeout: sleep } = require('node:timers/promises');
const { openShop, PASSWORD } = require('../support/api');

describe('the limit of logins', () => {
  let shop;
  before(async () => {
    shop = await openShop({ loginLimit: 3 });
  });
  after(() => shop.close());

  const logIn = async (email, password) =>
    (await shop.visitor().post('/api/session', { email, password })).status;

  it('stops who guesses, then lets the owner in again', async () => {
    const { email } = await shop.customer();
    for (let n = 0; n < 3; n += 1) assert.equal(await logIn(email, `guess number ${n}`), 401);
    assert.equal(await logIn(email, PASSWORD), 429);

    const key = `${shop.prefix}:attempts:${email}`;
    assert.ok((await shop.redis.pTTL(key)) > 0);
    await shop.redis.pExpire(key, 400);
    while (await shop.redis.exists(key)) await sleep(50);
    assert.equal(await logIn(email, PASSWORD), 200);
  });

  it('is not used up by good logins', async () => {
    const { email } = await shop.customer();
    for (let n = 0; n < 6; n += 1) assert.equal(await logIn(email, PASSWORD), 200);
  });

  it('does not touch other accounts', async () => {
    const [first, second] = [await shop.customer(), await shop.customer()];
    await Promise.all([1, 2, 3].map((n) => logIn(first.email, `guess number ${n}`)));
    assert.equal(await logIn(second.email, PASSWORD), 200);
  });
});
