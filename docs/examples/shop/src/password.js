'use strict';

const { randomBytes, scrypt, timingSafeEqual } = require('node:crypto');
const { promisify } = require('node:util');

const derive = promisify(scrypt);

// N = 2^15 costs about 60 ms and 32 MiB: dear for who guesses, bearable for who logs in.
const COST = { N: 32768, r: 8, p: 1, maxmem: 64 * 1024 * 1024 };
const KEY_BYTES = 32;
const SALT_BYTES = 16;

const COMMON = new Set(['password', '12345678', 'qwertyuiop', 'iloveyou', 'letmein123']);

// Why a password is not accepted, or null.
function weakness(password, email = '') {
  if (password.length < 8) return 'password is shorter than 8 characters';
  if (password.length > 256) return 'password is longer than 256 characters';
  if (COMMON.has(password.toLowerCase())) return 'password is too common';
  if (email && password.toLowerCase().includes(email.split('@')[0].toLowerCase())) {
    return 'password contains the name of the account';
  }
  if (new Set(password).size < 4) return 'password repeats too few characters';
  return null;
}

async function hash(password) {
  const salt = randomBytes(SALT_BYTES);
  const key = await derive(password.normalize('NFKC'), salt, KEY_BYTES, COST);
  return `scrypt$${COST.N}$${salt.toString('base64')}$${key.toString('base64')}`;
}

async function verify(password, stored) {
  const [scheme, cost, salt, expected] = stored.split('$');
  if (scheme !== 'scrypt' || !expected) return false;
  const options = { ...COST, N: Number(cost) };
  const key = await derive(password.normalize('NFKC'), Buffer.from(salt, 'base64'), KEY_BYTES, options);
  return timingSafeEqual(key, Buffer.from(expected, 'base64'));
}

module.exports = { hash, verify, weakness };
