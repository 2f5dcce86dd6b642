'use strict';

const { sampleProducts, sampleItems, ADDRESS } = require('../test/support/samples');
const { escape, renderInvoice } = require('./invoice');
const { quote } = require('./price');

const goods = sampleProducts(3000, 4);

function invoice(address, items) {
  return renderInvoice({ id: 'A000007', address, quote: quote({ items }) });
}

test('escape leaves nothing that HTML reads', () => {
  expect(escape(`<a href="x" title='y'>&`)).toBe('&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;');
});

test('what a customer typed is text', () => {
  const html = invoice({ ...ADDRESS, name: '<script>alert(1)</script>' }, sampleItems(goods, 1));
  expect(html).not.toContain('<script');
  expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
});

test('the address has one line a part', () => {
  const html = invoice(ADDRESS, sampleItems(goods, 1));
  expect(html).toContain('Ada Example<br>Lange Gasse 7<br>10115 Berlin<br>DE');
});

test.each([1, 10, 100, 1000])('an invoice over %i lines has a row for each', (lines) => {
  for (let seed = 1; seed <= 8; seed += 1) {
    const html = invoice(ADDRESS, sampleItems(goods, lines, seed));
    const [table] = html.split('</table>');
    expect(table.match(/<tr>/g)).toHaveLength(lines + 1);
  }
});
