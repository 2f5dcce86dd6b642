'use strict';

const assert = require('node:assert/strict');
const { setTimeout: sleep } = require('node:timers/promises');
const { openShop, PASSWORD } = require('../support/api');

describe('sessions', () => {
  let shop;
  before(async () => {
    shop = await openShop();
  });
  after(() => shop.close());

  it('open with the right password', async () => {
    const client = await shop.customer();
    assert.equal((await client.get('/api/session')).body.email, client.email);
  });

  it('stay closed with a wrong one, or for nobody', async () => {
    const { email } = await shop.customer();
    const client = shop.visitor();
    const wrong = await client.post('/api/session', { email, password: 'guess guess' });
    const nobody = await client.post('/api/session', { email: 'no@mail.test', password: PASSWORD });
    assert.equal(wrong.status, 401);
    assert.deepEqual(nobody.body, wrong.body);
  });

  it('end at logout', async () => {
    const client = await shop.customer();
    const { cookies } = client;
    const stolen = new Map(cookies);
    assert.equal((await client.delete('/api/session')).status, 204);
    client.cookies = stolen;
    assert.equal((await client.get('/api/session')).status, 401);
  });

  it('cannot be guessed', async () => {
    const client = shop.visitor();
    client.cookies.set('session', '00000000-0000-4000-8000-000000000000');
    assert.equal((await client.get('/api/session')).status, 401);
  });

  it('are not for scripts in the page', async () => {
    const { email } = await shop.customer();
    const { headers } = await shop.visitor().post('/api/session', { email, password: PASSWORD });
    const line = headers.getSetCookie().find((text) => text.startsWith('session='));
    assert.match(line, /HttpOnly/);
    assert.match(line, /SameSite=Lax/);
  });
});

describe('sessions that nobody uses', () => {
  let shop;
  before(async () => {
    shop = await openShop({ sessionTtlMs: 300 });
  });
  after(() => shop.close());

  it('expire', async () => {
    const client = await shop.customer();
    const key = `${shop.prefix}:session:${client.cookies.get('session')}`;
    while (await shop.redis.exists(key)) await sleep(50);
    assert.equal((await client.get('/api/session')).status, 401);
  });
});
