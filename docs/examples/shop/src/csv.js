'use strict';

// RFC 4180: quoted fields may hold commas, quotes and line breaks.
function parseCsv(text) {
  const rows = [];
  let row = [];
  let field = '';
  let quoted = false;
  let wasQuoted = false;
  const endField = () => {
    row.push(field);
    field = '';
    wasQuoted = false;
  };
  const endRow = () => {
    endField();
    rows.push(row);
    row = [];
  };
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (quoted) {
      if (character !== '"') field += character;
      else if (text[at + 1] === '"') field += text[(at += 1)];
      else quoted = false;
    } else if (character === '"' && field === '' && !wasQuoted) {
      quoted = wasQuoted = true;
    } else if (character === ',') {
      endField();
    } else if (character === '\n') {
      endRow();
    } else if (character !== '\r') {
      field += character;
    }
  }
  if (quoted) throw new SyntaxError(`row ${rows.length + 1}: quote is not closed`);
  if (field !== '' || row.length > 0) endRow();
  return rows;
}

function formatCsv(rows) {
  const quote = (value) => {
    const text = String(value ?? '');
    return /[",\r\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
  };
  return rows.map((row) => row.map(quote).join(',') + '\r\n').join('');
}

// Rows with a header to objects.
function parseTable(text) {
  const [header, ...rows] = parseCsv(text);
  if (!header) throw new SyntaxError('no header');
  return rows.map((row, index) => {
    if (row.length !== header.length) {
      throw new SyntaxError(`row ${index + 2}: ${row.length} fields, expected ${header.length}`);
    }
    return Object.fromEntries(header.map((name, column) => [name, row[column]]));
  });
}

module.exports = { parseCsv, formatCsv, parseTable };
