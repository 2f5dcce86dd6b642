'use strict';

// Everything of one shop lives under one prefix, so that several can share a Redis.
function keysOf(prefix) {
  return (...parts) => [prefix, ...parts].join(':');
}

module.exports = { keysOf };
