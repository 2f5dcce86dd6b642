'use strict';

const { HttpError } = require('./router');

const LIMIT_BYTES = 256 * 1024;

// Too much is read to its end, but not kept: a socket closed in the middle would lose the answer.
function readText(request) {
  return new Promise((resolve, reject) => {
    const chunks = [];
    let size = 0;
    request.on('data', (chunk) => {
      size += chunk.length;
      if (size <= LIMIT_BYTES) chunks.push(chunk);
    });
    request.on('end', () => {
      if (size > LIMIT_BYTES) reject(new HttpError(413, 'body is too large'));
      else resolve(Buffer.concat(chunks).toString('utf8'));
    });
    request.on('error', () => reject(new HttpError(400, 'body is incomplete')));
  });
}

function parseJson(text) {
  let value;
  try {
    value = JSON.parse(text);
  } catch {
    throw new HttpError(400, 'body is not JSON');
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw new HttpError(400, 'body is not a JSON object');
  }
  return value;
}

async function readJson(request) {
  return parseJson(await readText(request));
}

module.exports = { readText, readJson, parseJson, LIMIT_BYTES };
