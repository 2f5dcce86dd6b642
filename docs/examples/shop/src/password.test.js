'use strict';

const { hash, verify, weakness } = require('./password');

test.each([
  ['short', 'password is shorter than 8 characters'],
  ['x'.repeat(257), 'password is longer than 256 characters'],
  ['PassWord', 'password is too common'],
  ['ada.example 1', 'password contains the name of the account'],
  ['abababab', 'password repeats too few characters'],
  ['correct horse', null],
])('%.20s: %s', (password, reason) => {
  expect(weakness(password, 'Ada.Example@mail.test')).toBe(reason);
});

describe('a stored password', () => {
  test.each(['correct horse', 'pässwörd mit ümläuten', '密码密码密码密码', 'tab\tand\0zero'])(
    'opens with %j and nothing else',
    async (password) => {
      const stored = await hash(password);
      expect(await verify(password, stored)).toBe(true);
      expect(await verify(`${password} `, stored)).toBe(false);
    },
  );

  test('does not show the password, and differs each time', async () => {
    const [a, b] = await Promise.all([hash('correct horse'), hash('correct horse')]);
    expect(a).not.toBe(b);
    expect(a).not.toContain('horse');
  });

  test('accepts both ways to write an accent', async () => {
    expect(await verify('cafe\u0301 society', await hash('caf\u00e9 society'))).toBe(true);
  });

  test.each(['', 'plain', 'md5$1$a$b', 'scrypt$32768$salt'])('%j never matches', async (stored) => {
    expect(await verify('correct horse', stored)).toBe(false);
  });
});
