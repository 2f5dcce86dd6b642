'use strict';

const { ADDRESS } = require('../test/support/samples');
const { normalizeEmail, headerText, confirmation } = require('./email');

test.each([
  [' Ada@Mail.Test ', 'ada@mail.test'],
  ['a+b@sub.mail.test', 'a+b@sub.mail.test'],
  ["o'neil@mail.test", "o'neil@mail.test"],
])('%j becomes %s', (text, email) => {
  expect(normalizeEmail(text)).toBe(email);
});

test.each([
  '', 'ada', 'ada@', '@mail.test', 'ada@mail', 'a@b@c.test', '.ada@mail.test', 'a..b@mail.test',
  'ada@-mail.test', 'ada@mail..test', 'ada example@mail.test', `${'x'.repeat(65)}@mail.test`, undefined,
])('%j is no address', (text) => {
  expect(normalizeEmail(text)).toBeNull();
});

test('long hostile input is refused, not chewed on', () => {
  for (let n = 0; n < 200; n += 1) {
    expect(normalizeEmail(`${'a.'.repeat(5000)}@${'b-'.repeat(5000)}.c`)).toBeNull();
  }
});

test('a header is one line', () => {
  expect(headerText('Ada\r\nBcc: all@mail.test')).toBe('Ada Bcc: all@mail.test');
});

test('the confirmation lists what was bought', () => {
  const mail = confirmation({
    id: 'A000003',
    user: 'ada@mail.test',
    address: ADDRESS,
    quote: { total: 2380, lines: [{ quantity: 2, name: 'Wooden Yo-Yo' }] },
  });
  expect(mail.subject).toBe('Your order A000003, Ada Example');
  expect(mail.text).toContain('- 2 x Wooden Yo-Yo');
  expect(mail.text).toContain('Total: € 23.80');
});
