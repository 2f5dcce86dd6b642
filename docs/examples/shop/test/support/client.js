'use strict';

// A small browser: keeps cookies, speaks JSON.
class Client {
  constructor(base) {
    this.base = base;
    this.cookies = new Map();
  }

  async send(method, path, { json, text, headers = {} } = {}) {
    const response = await fetch(this.base + path, {
      method,
      headers: {
        cookie: [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; '),
        ...(json === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      body: json === undefined ? text : JSON.stringify(json),
    });
    for (const line of response.headers.getSetCookie()) {
      const [pair] = line.split(';');
      const at = pair.indexOf('=');
      if (/Max-Age=0/.test(line)) this.cookies.delete(pair.slice(0, at));
      else this.cookies.set(pair.slice(0, at), pair.slice(at + 1));
    }
    const content = await response.text();
    const isJson = response.headers.get('content-type')?.startsWith('application/json');
    return {
      status: response.status,
      headers: response.headers,
      body: isJson ? JSON.parse(content) : content,
    };
  }

  get(path, options) {
    return this.send('GET', path, options);
  }

  post(path, json = {}, options = {}) {
    return this.send('POST', path, { json, ...options });
  }

  put(path, json = {}, options = {}) {
    return this.send('PUT', path, { json, ...options });
  }

  delete(path) {
    return this.send('DELETE', path);
  }
}

module.exports = { Client };
