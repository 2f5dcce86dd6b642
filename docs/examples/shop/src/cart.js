'use strict';

const MAX_QUANTITY = 99;
const MAX_LINES = 50;

// A cart is a plain object {product id: quantity}; every function returns a new one.

function setQuantity(cart, id, quantity) {
  if (!Number.isInteger(quantity) || quantity < 0 || quantity > MAX_QUANTITY) {
    throw new RangeError(`quantity must be 0 to ${MAX_QUANTITY}`);
  }
  const { [id]: old, ...rest } = cart;
  if (quantity === 0) return rest;
  if (old === undefined && Object.keys(cart).length >= MAX_LINES) {
    throw new RangeError(`a cart holds at most ${MAX_LINES} products`);
  }
  return { ...cart, [id]: quantity };
}

function add(cart, id, quantity = 1) {
  return setQuantity(cart, id, Math.min(MAX_QUANTITY, (cart[id] ?? 0) + quantity));
}

function count(cart) {
  return Object.values(cart).reduce((sum, quantity) => sum + quantity, 0);
}

// What a visitor collected before the login is added to what waits in the account.
function merge(account, visitor) {
  return Object.entries(visitor).reduce((cart, [id, quantity]) => add(cart, id, quantity), account);
}

// Cart to [{product, quantity}]; products that are gone from the catalogue are left out.
function resolve(cart, catalog) {
  return Object.entries(cart)
    .map(([id, quantity]) => ({ product: catalog.get(id), quantity }))
    .filter((item) => item.product);
}

module.exports = { setQuantity, add, count, merge, resolve, MAX_QUANTITY, MAX_LINES };
