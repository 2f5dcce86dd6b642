'use strict';

const { format } = require('./money');

const WIDTH = 48;

function columns(left, right, width = WIDTH) {
  const room = width - right.length - 1;
  const text = left.length > room ? `${left.slice(0, room - 1)}…` : left;
  return text.padEnd(room) + ' ' + right;
}

function rule(character = '-') {
  return character.repeat(WIDTH);
}

// A receipt as plain text, 48 columns wide, for the printer at the counter and for e-mail.
function renderReceipt(order) {
  const { quote } = order;
  const rows = [`Order ${order.id}`, order.createdAt.slice(0, 10), rule('=')];
  for (const line of quote.lines) {
    rows.push(columns(`${line.quantity} x ${line.name}`, format(line.gross)));
    if (line.off > 0) rows.push(`    bulk price, you save ${format(line.off)}`);
  }
  rows.push(rule(), columns('Goods', format(quote.goods)));
  if (quote.discount > 0) rows.push(columns(`Coupon ${quote.coupon}`, format(-quote.discount)));
  rows.push(columns('Shipping', quote.shipping ? format(quote.shipping) : 'free'));
  rows.push(rule('='), columns('Total', format(quote.total)));
  for (const tax of quote.taxes) {
    rows.push(columns(`  includes ${tax.rate} % tax`, format(tax.tax)));
  }
  return rows.join('\n') + '\n';
}

module.exports = { renderReceipt, columns, WIDTH };
