'use strict';

// Cookies: reading what a browser sends, writing what it is to keep.

const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

function parseCookies(header) {
  const cookies = Object.create(null);
  for (const part of String(header ?? '').split(';')) {
    const at = part.indexOf('=');
    if (at < 0) continue;
    const name = part.slice(0, at).trim();
    if (!NAME.test(name) || name in cookies) continue;
    try {
      cookies[name] = decodeURIComponent(part.slice(at + 1).trim());
    } catch {
      // A cookie that another site broke is as good as none.
    }
  }
  return cookies;
}

function formatCookie(name, value, { maxAgeSeconds = null } = {}) {
  if (!NAME.test(name)) throw new TypeError(`not a cookie name: ${name}`);
  const parts = [`${name}=${encodeURIComponent(value)}`, 'Path=/', 'HttpOnly', 'SameSite=Lax'];
  if (maxAgeSeconds !== null) parts.push(`Max-Age=${maxAgeSeconds}`);
  return parts.join('; ');
}

module.exports = { parseCookies, formatCookie };
