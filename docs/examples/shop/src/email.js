'use strict';

const { format } = require('./money');

const LOCAL = /^[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}$/i;
const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i;

// Lower-cased address, or null when it is none that could receive mail.
function normalizeEmail(text) {
  const parts = String(text ?? '').trim().split('@');
  if (parts.length !== 2) return null;
  const [local, domain] = parts;
  const labels = domain.split('.');
  const ok =
    LOCAL.test(local) &&
    !local.startsWith('.') &&
    !local.endsWith('.') &&
    !local.includes('..') &&
    labels.length >= 2 &&
    labels.every((label) => LABEL.test(label));
  return ok ? `${local}@${domain}`.toLowerCase() : null;
}

// A header must stay one line: a line break in a name would start another header.
function headerText(text) {
  return String(text).replace(/[\r\n]+/g, ' ').trim();
}

function confirmation(order) {
  return {
    to: order.user,
    subject: headerText(`Your order ${order.id}, ${order.address.name}`),
    text: [
      `Thank you, ${headerText(order.address.name)}.`,
      '',
      ...order.quote.lines.map((line) => `- ${line.quantity} x ${line.name}`),
      '',
      `Total: ${format(order.quote.total)}`,
    ].join('\n'),
  };
}

module.exports = { normalizeEmail, headerText, confirmation };
