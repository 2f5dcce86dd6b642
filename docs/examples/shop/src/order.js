'use strict';

// The life of an order:
//
//   placed -> paid -> shipped -> delivered -> returned
//      \        \
//       +--------+--> cancelled
const MOVES = {
  placed: ['paid', 'cancelled'],
  paid: ['shipped', 'cancelled'],
  shipped: ['delivered'],
  delivered: ['returned'],
  returned: [],
  cancelled: [],
};

function canMove(order, status) {
  return MOVES[order.status].includes(status);
}

function move(order, status, at = new Date()) {
  if (!Object.hasOwn(MOVES, status)) throw new RangeError(`unknown status ${status}`);
  if (!canMove(order, status)) throw new RangeError(`order is ${order.status}, cannot become ${status}`);
  return {
    ...order,
    status,
    history: [...order.history, { status, at: at.toISOString() }],
  };
}

function place({ id, user, address, quote, payment, at = new Date() }) {
  const createdAt = at.toISOString();
  return {
    id,
    user,
    address,
    quote,
    payment,
    status: 'placed',
    createdAt,
    history: [{ status: 'placed', at: createdAt }],
  };
}

// Goods that are not on their way go back on the shelf.
function restocks(order) {
  return order.status === 'returned' || order.status === 'cancelled';
}

module.exports = { place, move, canMove, restocks, STATUSES: Object.keys(MOVES) };
