'use strict';

const { ADDRESS } = require('../test/support/samples');
const { checkAddress } = require('./address');
const { countries } = require('./tax');

test('a good address passes tidied', () => {
  expect(checkAddress({ ...ADDRESS, name: '  Ada\n Example ', country: 'de' })).toEqual({
    address: ADDRESS,
    errors: {},
  });
});

test.each(['name', 'street', 'zip', 'city', 'country'])('%s must not be empty', (field) => {
  expect(checkAddress({ ...ADDRESS, [field]: '  ' }).errors[field]).toBe('is missing');
  expect(checkAddress({ ...ADDRESS, [field]: undefined }).errors[field]).toBe('is missing');
});

test('nothing at all names every field', () => {
  expect(Object.keys(checkAddress(undefined).errors)).toHaveLength(5);
});

test.each([
  ['DE', '10115', '1011'],
  ['GB', 'sw1a 1aa', '12345'],
  ['NL', '1012 ab', '1012'],
  ['PL', '00-950', '00950'],
  ['SE', '111 22', '11122'],
  ['IE', 'D02 X285', 'D02'],
])('%s: %s is a postal code, %s is none', (country, good, bad) => {
  expect(checkAddress({ ...ADDRESS, country, zip: good }).errors).toEqual({});
  expect(checkAddress({ ...ADDRESS, country, zip: bad }).errors.zip).toMatch('is not a postal code');
});

test('what the tax tables know is served', () => {
  for (const country of countries()) {
    expect(checkAddress({ ...ADDRESS, country }).errors.country).toBeUndefined();
  }
  expect(checkAddress({ ...ADDRESS, country: 'AQ' }).errors.country).toBe('is not served');
});
