'use strict';

const assert = require('node:assert/strict');
const { openShop, PASSWORD } = require('../support/api');

describe('accounts', () => {
  let shop;
  before(async () => {
    shop = await openShop();
  });
  after(() => shop.close());

  const register = (client, more = {}) =>
    client.post('/api/users', { email: 'eve@mail.test', name: 'Eve', password: PASSWORD, ...more });

  it('can be opened, and are logged in at once', async () => {
    const client = shop.visitor();
    const { status, body } = await register(client);
    assert.equal(status, 201);
    assert.deepEqual(body, { email: 'eve@mail.test', name: 'Eve' });
    assert.equal((await client.get('/api/session')).body.name, 'Eve');
  });

  it('are unique, whatever the case', async () => {
    const { status } = await register(shop.visitor(), { email: 'EVE@mail.test' });
    assert.equal(status, 409);
  });

  it('go to one of ten who ask at the same moment', async () => {
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => register(shop.visitor(), { email: 'race@mail.test' })),
    );
    const created = answers.filter(({ status }) => status === 201);
    assert.equal(created.length, 1);
  });

  it('need a proper address, name and password', async () => {
    const { status, body } = await register(shop.visitor(), { email: 'x', name: ' ', password: 'short' });
    assert.equal(status, 422);
    assert.deepEqual(Object.keys(body.details).sort(), ['email', 'name', 'password']);
  });

  it('never store the password itself', async () => {
    const stored = await shop.redis.hGet(`${shop.prefix}:users`, 'eve@mail.test');
    assert.match(stored, /scrypt\$/);
    assert.doesNotMatch(stored, /correct horse/);
  });

  it('cannot be opened as an admin from outside', async () => {
    const client = shop.visitor();
    await register(client, { email: 'mallory@mail.test', role: 'admin' });
    assert.equal((await client.get('/api/office/report')).status, 403);
  });
});
