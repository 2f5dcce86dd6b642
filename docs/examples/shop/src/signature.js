'use strict';

const { createHmac, timingSafeEqual } = require('node:crypto');

// Signs what leaves the shop and comes back: webhook bodies and links in e-mails.

function sign(secret, text) {
  return createHmac('sha256', secret).update(text).digest('base64url');
}

function isValid(secret, text, signature) {
  const expected = Buffer.from(sign(secret, text));
  const given = Buffer.from(String(signature));
  return expected.length === given.length && timingSafeEqual(expected, given);
}

// A token that carries a value and the time until which it is good.
function seal(secret, value, expiresAt) {
  const body = Buffer.from(JSON.stringify({ value, expiresAt })).toString('base64url');
  return `${body}.${sign(secret, body)}`;
}

function open(secret, token, now = Date.now()) {
  const [body, signature, ...rest] = String(token).split('.');
  if (rest.length > 0 || !signature || !isValid(secret, body, signature)) return null;
  const { value, expiresAt } = JSON.parse(Buffer.from(body, 'base64url').toString());
  return now < expiresAt ? value : null;
}

module.exports = { sign, isValid, seal, open };
