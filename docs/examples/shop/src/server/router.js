'use strict';

class HttpError extends Error {
  constructor(status, message, details = undefined) {
    super(message);
    this.status = status;
    this.details = details;
  }
}

// Routes by method and pattern: `/api/orders/:id` gives {id}. 404 and 405 are told apart.
class Router {
  constructor() {
    this.routes = [];
  }

  on(method, pattern, answer) {
    const names = [];
    const source = pattern.replace(/:(\w+)/g, (_, name) => {
      names.push(name);
      return '([^/]+)';
    });
    this.routes.push({ method, names, regex: new RegExp(`^${source}$`), answer });
    return this;
  }

  match(method, path) {
    const allowed = [];
    for (const route of this.routes) {
      const found = route.regex.exec(path);
      if (!found) continue;
      if (route.method === method) return { answer: route.answer, params: paramsOf(route, found) };
      allowed.push(route.method);
    }
    if (allowed.length > 0) throw new HttpError(405, `use ${allowed.join(' or ')}`);
    throw new HttpError(404, 'no such page');
  }
}

function paramsOf(route, found) {
  try {
    return Object.fromEntries(route.names.map((name, at) => [name, decodeURIComponent(found[at + 1])]));
  } catch {
    throw new HttpError(400, 'address is not well encoded');
  }
}

module.exports = { Router, HttpError };
