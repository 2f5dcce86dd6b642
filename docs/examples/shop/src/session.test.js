'use strict';

const { parseCookies, formatCookie } = require('./session');

test.each([
  ['a=1; b=2', { a: '1', b: '2' }],
  ['a=x%20y', { a: 'x y' }],
  ['a=1; a=2', { a: '1' }],
  ['a=b=c', { a: 'b=c' }],
  ['nonsense; =1; a=1', { a: '1' }],
  ['bad=%E0%A4%A; a=1', { a: '1' }],
  [undefined, {}],
])('%j', (header, cookies) => {
  expect({ ...parseCookies(header) }).toEqual(cookies);
});

test('a cookie named like a method is only a cookie', () => {
  expect(parseCookies('').toString).toBeUndefined();
  expect(parseCookies('__proto__=1').constructor).toBeUndefined();
});

test('a cookie is for the server alone', () => {
  expect(formatCookie('session', 'a b;c')).toBe('session=a%20b%3Bc; Path=/; HttpOnly; SameSite=Lax');
  expect(formatCookie('session', '', { maxAgeSeconds: 0 })).toMatch(/; Max-Age=0$/);
});

test('a name cannot smuggle attributes', () => {
  expect(() => formatCookie('a; Domain=evil', '1')).toThrow(TypeError);
});
