'use strict';

const ZIP = {
  AT: /^\d{4}$/,
  BE: /^\d{4}$/,
  CH: /^\d{4}$/,
  DE: /^\d{5}$/,
  ES: /^\d{5}$/,
  FR: /^\d{5}$/,
  GB: /^[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}$/,
  IE: /^[A-Z]\d[\dW] [A-Z\d]{4}$/,
  IT: /^\d{5}$/,
  LU: /^\d{4}$/,
  NL: /^\d{4} [A-Z]{2}$/,
  PL: /^\d{2}-\d{3}$/,
  SE: /^\d{3} \d{2}$/,
};

const FIELDS = ['name', 'street', 'zip', 'city', 'country'];

function clean(text) {
  return String(text ?? '').normalize('NFC').replace(/\s+/g, ' ').trim();
}

// {address, errors}: the tidied address, and per field what is wrong with it.
function checkAddress(input) {
  const address = Object.fromEntries(FIELDS.map((field) => [field, clean(input?.[field])]));
  address.country = address.country.toUpperCase();
  address.zip = address.zip.toUpperCase();
  const errors = {};
  for (const field of FIELDS) {
    if (!address[field]) errors[field] = 'is missing';
    else if (address[field].length > 100) errors[field] = 'is longer than 100 characters';
  }
  if (!errors.country && !Object.hasOwn(ZIP, address.country)) errors.country = 'is not served';
  if (!errors.country && !errors.zip && !ZIP[address.country].test(address.zip)) {
    errors.zip = `is not a postal code of ${address.country}`;
  }
  return { address, errors };
}

module.exports = { checkAddress };
