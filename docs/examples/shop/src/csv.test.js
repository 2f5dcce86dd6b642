'use strict';

const { randomFrom, pick, sampleProducts } = require('../test/support/samples');
const { parseCsv, formatCsv, parseTable } = require('./csv');

test.each([
  ['a,b\n1,2\n', [['a', 'b'], ['1', '2']]],
  ['a,b\r\n1,2', [['a', 'b'], ['1', '2']]],
  ['"a,b","c""d"\n', [['a,b', 'c"d']]],
  ['"two\nlines",x\n', [['two\nlines', 'x']]],
  [',\n', [['', '']]],
  ['', []],
])('%j', (text, rows) => {
  expect(parseCsv(text)).toEqual(rows);
});

test('a quote that stays open names its row', () => {
  expect(() => parseCsv('a\n"b')).toThrow('row 2: quote is not closed');
});

test('a table has the same number of fields in every row', () => {
  expect(parseTable('id,stock\nx,1\n')).toEqual([{ id: 'x', stock: '1' }]);
  expect(() => parseTable('id,stock\nx\n')).toThrow('row 2: 1 fields, expected 2');
  expect(() => parseTable('')).toThrow('no header');
});

test('any text survives the round trip', () => {
  const random = randomFrom(33);
  const alphabet = ['a', ',', '"', '\n', '\r\n', 'é', ' ', '€'];
  for (let n = 0; n < 2000; n += 1) {
    const field = () => Array.from({ length: Math.floor(random() * 8) }, () => pick(random, alphabet)).join('');
    const rows = Array.from({ length: 4 }, () => ['x', field(), field()]);
    expect(parseCsv(formatCsv(rows))).toEqual(rows);
  }
});

test('a catalogue of 20,000 products survives the round trip', () => {
  const products = sampleProducts(20000, 8);
  const header = Object.keys(products[0]);
  const text = formatCsv([header, ...products.map((product) => Object.values(product))]);
  const back = parseTable(text);
  expect(back).toHaveLength(20000);
  expect(back[12345]).toEqual(
    Object.fromEntries(header.map((name) => [name, String(products[12345][name])])),
  );
});
