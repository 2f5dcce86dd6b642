'use strict';

const { Router, HttpError } = require('./router');

const router = new Router()
  .on('GET', '/api/orders', 'list')
  .on('POST', '/api/orders', 'create')
  .on('GET', '/api/orders/:id', 'show')
  .on('GET', '/api/orders/:id/lines/:line', 'line');

test.each([
  ['GET', '/api/orders', 'list', {}],
  ['POST', '/api/orders', 'create', {}],
  ['GET', '/api/orders/A1', 'show', { id: 'A1' }],
  ['GET', '/api/orders/A%2F1', 'show', { id: 'A/1' }],
  ['GET', '/api/orders/A1/lines/2', 'line', { id: 'A1', line: '2' }],
])('%s %s', (method, path, answer, params) => {
  expect(router.match(method, path)).toEqual({ answer, params });
});

function statusOf(method, path) {
  try {
    return router.match(method, path);
  } catch (error) {
    expect(error).toBeInstanceOf(HttpError);
    return `${error.status} ${error.message}`;
  }
}

test.each([
  ['GET', '/', '404 no such page'],
  ['GET', '/api/orders/', '404 no such page'],
  ['GET', '/api/orders/a/b', '404 no such page'],
  ['DELETE', '/api/orders', '405 use GET or POST'],
  ['GET', '/api/orders/%E0%A4%A', '400 address is not well encoded'],
])('%s %s is %s', (method, path, status) => {
  expect(statusOf(method, path)).toBe(status);
});
