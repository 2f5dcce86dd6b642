'use strict';

const { normalizeEmail } = require('../email');
const { weakness } = require('../password');
const { formatCookie } = require('../session');
const { readJson } = require('./body');
const { HttpError } = require('./router');

function sessionCookie(id) {
  return formatCookie('session', id);
}

async function logIn(shop, context, user) {
  const id = await shop.sessions.open(user);
  if (context.visitor) await shop.carts.adopt(context.visitor, user.email);
  context.cookies.push(sessionCookie(id));
  return { email: user.email, name: user.name };
}

async function register(shop, context) {
  const body = await readJson(context.request);
  const email = normalizeEmail(body.email);
  const plain = String(body.password ?? '');
  const name = String(body.name ?? '').trim();
  const errors = {};
  if (!email) errors.email = 'is not an e-mail address';
  if (!name) errors.name = 'is missing';
  const weak = weakness(plain, email ?? '');
  if (weak) errors.password = weak;
  if (Object.keys(errors).length > 0) throw new HttpError(422, 'account is not valid', errors);
  if (!(await shop.users.create({ email, name, plain }))) {
    throw new HttpError(409, 'e-mail address is taken');
  }
  return { status: 201, body: await logIn(shop, context, { email, name, role: 'customer' }) };
}

async function openSession(shop, context) {
  const body = await readJson(context.request);
  const email = normalizeEmail(body.email) ?? '';
  if (await shop.attempts.isBlocked(email)) throw new HttpError(429, 'too many attempts, wait a minute');
  const user = await shop.users.authenticate(email, String(body.password ?? ''));
  if (!user) {
    await shop.attempts.fail(email);
    throw new HttpError(401, 'e-mail address or password is wrong');
  }
  await shop.attempts.forget(email);
  return { body: await logIn(shop, context, user) };
}

async function closeSession(shop, context) {
  if (context.sessionId) await shop.sessions.close(context.sessionId);
  context.cookies.push(formatCookie('session', '', { maxAgeSeconds: 0 }));
  return { status: 204 };
}

function showSession(shop, context) {
  if (!context.user) throw new HttpError(401, 'nobody is logged in');
  return { body: { email: context.user.email, name: context.user.name } };
}

function routes(router) {
  router
    .on('POST', '/api/users', register)
    .on('POST', '/api/session', openSession)
    .on('DELETE', '/api/session', closeSession)
    .on('GET', '/api/session', showSession);
}

module.exports = { routes };
