'use strict';

const { randomFrom } = require('../test/support/samples');
const { sign, isValid, seal, open } = require('./signature');

const SECRET = 'a secret of the shop';

test('a signature fits its text and secret only', () => {
  const signature = sign(SECRET, 'text');
  expect(isValid(SECRET, 'text', signature)).toBe(true);
  expect(isValid(SECRET, 'Text', signature)).toBe(false);
  expect(isValid('another', 'text', signature)).toBe(false);
  expect(isValid(SECRET, 'text', undefined)).toBe(false);
});

test('a token opens until it expires', () => {
  const token = seal(SECRET, { order: 'A1' }, 1000);
  expect(open(SECRET, token, 999)).toEqual({ order: 'A1' });
  expect(open(SECRET, token, 1000)).toBeNull();
});

test.each(['', 'x', 'x.y', 'x.y.z', null])('%j is no token', (token) => {
  expect(open(SECRET, token)).toBeNull();
});

test('no single changed character goes through', () => {
  const token = seal(SECRET, { order: 'A000001', email: 'ada@mail.test' }, Date.now() + 60000);
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const random = randomFrom(21);
  for (let round = 0; round < 100; round += 1) {
    for (let at = 0; at < token.length; at += 1) {
      const other = alphabet[Math.floor(random() * alphabet.length)];
      if (other === token[at] || token[at] === '.') continue;
      const forged = token.slice(0, at) + other + token.slice(at + 1);
      if (open(SECRET, forged) !== null) expect(forged).toBe('refused');
    }
  }
});
