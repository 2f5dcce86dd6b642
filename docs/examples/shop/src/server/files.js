'use strict';

const { readFileSync } = require('node:fs');
const path = require('node:path');

const PUBLIC = path.join(__dirname, '..', '..', 'public');

const FILES = {
  '/': ['index.html', 'text/html'],
  '/shop.js': ['shop.js', 'text/javascript'],
  '/style.css': ['style.css', 'text/css'],
};

// The three files of the page; nothing else on the disk has an address.
function routes(router) {
  for (const [address, [name, type]] of Object.entries(FILES)) {
    const body = readFileSync(path.join(PUBLIC, name), 'utf8');
    router.on('GET', address, () => ({ type, body }));
  }
}

module.exports = { routes };
