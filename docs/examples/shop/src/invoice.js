'use strict';

const { format } = require('./money');

const ENTITIES = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

function escape(text) {
  return String(text).replace(/[&<>"']/g, (character) => ENTITIES[character]);
}

function row(cells, tag = 'td') {
  return `<tr>${cells.map((cell) => `<${tag}>${escape(cell)}</${tag}>`).join('')}</tr>`;
}

// The invoice as one HTML page without scripts; everything a customer typed is escaped.
function renderInvoice(order) {
  const { quote, address } = order;
  const lines = quote.lines.map((line) =>
    row([line.quantity, line.name, format(line.unit), format(line.gross)]),
  );
  const taxes = quote.taxes.map((tax) =>
    row([`${tax.rate} %`, format(tax.net), format(tax.tax), format(tax.gross)]),
  );
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Invoice ${escape(order.id)}</title>
<h1>Invoice ${escape(order.id)}</h1>
<address>${[address.name, address.street, `${address.zip} ${address.city}`, address.country]
    .map(escape)
    .join('<br>')}</address>
<table>${row(['Qty', 'Item', 'Price', 'Sum'], 'th')}
${lines.join('\n')}
</table>
<p>Total ${escape(format(quote.total))}</p>
<table>${row(['Rate', 'Net', 'Tax', 'Gross'], 'th')}
${taxes.join('\n')}
</table></html>
`;
}

module.exports = { renderInvoice, escape };
