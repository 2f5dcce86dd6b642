'use strict';

const { randomUUID } = require('node:crypto');

const { Catalog } = require('../catalog');
const { RateLimiter } = require('../rate_limit');
const { Recommender } = require('../recommend');
const { SearchIndex } = require('../search');
const { formatCookie, parseCookies } = require('../session');
const { Attempts } = require('../store/attempts');
const { Carts } = require('../store/carts');
const { keysOf } = require('../store/keys');
const { Orders } = require('../store/orders');
const { Sessions } = require('../store/sessions');
const { Stock } = require('../store/stock');
const { Users } = require('../store/users');
const { Router, HttpError } = require('./router');

const MODULES = ['account', 'goods', 'basket', 'checkout', 'office', 'files'];

const DEFAULTS = {
  prefix: 'shop',
  cartTtlMs: 7 * 24 * 3600 * 1000,
  sessionTtlMs: 24 * 3600 * 1000,
  loginLimit: 5,
  loginWindowMs: 60 * 1000,
  requestsBurst: 200,
  requestsPerSecond: 50,
  carrierSecret: 'change me',
  now: () => new Date(),
};

// The shop as a request listener: everything it needs is handed in, nothing is global.
async function createShop({ redis, products, pastOrders = [], ...given }) {
  const options = { ...DEFAULTS, ...given };
  const key = keysOf(options.prefix);
  const catalog = new Catalog(products);
  const shop = {
    catalog,
    index: new SearchIndex(products),
    recommender: new Recommender(pastOrders),
    limiter: new RateLimiter({ burst: options.requestsBurst, perSecond: options.requestsPerSecond }),
    users: new Users({ redis, key }),
    sessions: new Sessions({ redis, key, ttlMs: options.sessionTtlMs }),
    carts: new Carts({ redis, key, ttlMs: options.cartTtlMs }),
    stock: new Stock({ redis, key }),
    orders: new Orders({ redis, key }),
    attempts: new Attempts({ redis, key, limit: options.loginLimit, windowMs: options.loginWindowMs }),
    carrierSecret: options.carrierSecret,
    now: options.now,
  };
  await shop.stock.fill(products);
  const router = new Router();
  for (const name of MODULES) require(`./${name}`).routes(router);
  shop.handle = (request, response) => answer(shop, router, request, response);
  return shop;
}

async function contextOf(shop, request) {
  const url = new URL(request.url, 'http://shop');
  const jar = parseCookies(request.headers.cookie);
  const user = await shop.sessions.get(jar.session);
  const context = {
    request,
    path: url.pathname,
    query: url.searchParams,
    sessionId: jar.session,
    user,
    visitor: jar.visitor,
    cookies: [],
  };
  if (!user && !context.visitor) {
    context.visitor = randomUUID();
    context.cookies.push(formatCookie('visitor', context.visitor));
  }
  context.owner = user ? user.email : context.visitor;
  return context;
}

async function answer(shop, router, request, response) {
  let context = { cookies: [] };
  let result;
  try {
    const { allowed, retryAfterMs } = shop.limiter.take(request.socket.remoteAddress);
    if (!allowed) {
      response.setHeader('Retry-After', String(Math.ceil(retryAfterMs / 1000)));
      throw new HttpError(429, 'too many requests');
    }
    context = await contextOf(shop, request);
    const route = router.match(request.method, context.path);
    context.params = route.params;
    result = await route.answer(shop, context);
  } catch (error) {
    if (!(error instanceof HttpError)) console.error(error);
    result = {
      status: error.status ?? 500,
      body: { error: error.status ? error.message : 'internal error', details: error.details },
    };
  }
  send(response, result, context.cookies);
}

function send(response, { status = 200, type = 'application/json', body }, cookies) {
  if (cookies.length > 0) response.setHeader('Set-Cookie', cookies);
  response.statusCode = status;
  if (body === undefined) return response.end();
  response.setHeader('Content-Type', `${type}; charset=utf-8`);
  return response.end(type === 'application/json' ? JSON.stringify(body) : body);
}

module.exports = { createShop };
