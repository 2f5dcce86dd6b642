'use strict';

// The page: one function a view, chosen by the part of the address behind the #.

const page = document.getElementById('page');
const COUNTRIES = ['DE', 'AT', 'BE', 'CH', 'ES', 'FR', 'GB', 'IE', 'IT', 'LU', 'NL', 'PL', 'SE'];

// Text only ever becomes text nodes, so nothing a customer typed is read as HTML.
function element(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith('on')) node.addEventListener(key.slice(2), value);
    else if (value === true) node.setAttribute(key, '');
    else if (value !== false && value != null) node.setAttribute(key, value);
  }
  node.append(...children.flat().filter((child) => child != null));
  return node;
}

function money(cents) {
  return `€ ${(cents / 100).toFixed(2).replace(/\B(?=(\d{3})+\.)/g, ',')}`;
}

async function call(method, path, body) {
  const response = await fetch(`/api${path}`, {
    method,
    headers: body ? { 'content-type': 'application/json' } : {},
    body: body && JSON.stringify(body),
  });
  const text = await response.text();
  const isJson = (response.headers.get('content-type') ?? '').startsWith('application/json');
  const content = isJson ? JSON.parse(text) : text;
  if (response.ok) return content;
  const details = Object.entries(content.details ?? {}).map(([field, what]) => `${field} ${what}`);
  throw new Error([content.error, ...details].join(', '));
}

function heading(text) {
  return element('h1', {}, text);
}

function fail(error, place = page) {
  place.querySelector('.error')?.remove();
  place.append(element('p', { class: 'error', role: 'alert' }, error.message));
}

async function refreshHeader() {
  const [{ lines }, user] = await Promise.all([
    call('GET', '/cart'),
    call('GET', '/session').catch(() => null),
  ]);
  const count = lines.reduce((sum, line) => sum + line.quantity, 0);
  document.querySelector('[data-testid=cart-count]').textContent = count;
  document.getElementById('account').replaceChildren(
    ...(user
      ? [
          element('a', { href: '#/orders' }, `Orders of ${user.name}`),
          ' ',
          element('button', { onclick: logOut }, 'Log out'),
        ]
      : [element('a', { href: '#/login' }, 'Log in')]),
  );
}

async function logOut() {
  await call('DELETE', '/session');
  location.hash = '#/';
  await show();
}

function productCard(product) {
  return element(
    'li',
    {},
    element('a', { href: `#/product/${product.id}` }, product.name),
    element('div', { class: 'price' }, money(product.price)),
  );
}

async function goodsView({ query }) {
  const { items, pages, total, categories } = await call('GET', `/products?${query}`);
  const link = (changes, text) => {
    const next = new URLSearchParams(query);
    for (const [key, value] of Object.entries(changes)) {
      if (value === null) next.delete(key);
      else next.set(key, value);
    }
    return element('a', { href: `#/?${next}` }, text);
  };
  const current = Number(query.get('page') ?? 1);
  return [
    heading(query.get('category') ?? 'All goods'),
    element('p', { 'data-testid': 'total' }, `${total} products`),
    element('nav', { 'aria-label': 'Categories' },
      link({ category: null, page: null }, 'all'), ' ',
      categories.map((name) => [link({ category: name, page: null }, name), ' ']).flat()),
    element('nav', { 'aria-label': 'Order' },
      link({ sort: 'price', page: null }, 'cheapest first'), ' ',
      link({ sort: '-price', page: null }, 'dearest first')),
    element('ul', { class: 'goods' }, items.map(productCard)),
    element('nav', { 'aria-label': 'Pages' },
      current > 1 ? link({ page: current - 1 }, 'Previous') : null,
      ` page ${current} of ${pages} `,
      current < pages ? link({ page: current + 1 }, 'Next') : null),
  ];
}

async function searchView({ query }) {
  const text = query.get('q') ?? '';
  const { items } = await call('GET', `/search?q=${encodeURIComponent(text)}`);
  return [
    heading(`Results for “${text}”`),
    items.length > 0
      ? element('ul', { class: 'goods' }, items.map(productCard))
      : element('p', {}, 'Nothing found'),
  ];
}

async function productView({ parts: [id] }) {
  const product = await call('GET', `/products/${encodeURIComponent(id)}`);
  const form = element('form', { class: 'sheet' },
    element('label', {}, 'Quantity',
      element('input', { name: 'quantity', type: 'number', min: 1, max: 99, value: 1 })),
    element('button', { disabled: product.stock === 0 }, 'Add to cart'));
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const { lines } = await call('GET', '/cart');
    const had = lines.find((line) => line.id === id)?.quantity ?? 0;
    try {
      const quantity = had + Number(form.elements.quantity.value);
      await call('PUT', `/cart/items/${id}`, { quantity });
      await refreshHeader();
    } catch (error) {
      fail(error, form);
    }
  });
  return [
    heading(product.name),
    element('p', {}, product.description),
    element('p', { class: 'price' }, money(product.price)),
    element('p', { 'data-testid': 'stock' }, product.stock ? `${product.stock} in stock` : 'Sold out'),
    form,
    product.also.length > 0 ? element('h2', {}, 'Others also bought') : null,
    element('ul', { class: 'goods', 'aria-label': 'Others also bought' }, product.also.map(productCard)),
  ];
}

function sums(quote) {
  const row = (name, text) => element('tr', {}, element('th', {}, name), element('td', {}, text));
  return element('table', { 'aria-label': 'Sums' },
    row('Goods', money(quote.goods)),
    quote.discount > 0 ? row(`Coupon ${quote.coupon}`, `−${money(quote.discount)}`) : null,
    row('Shipping', quote.shipping ? money(quote.shipping) : 'free'),
    row('Total', money(quote.total)));
}

async function cartView() {
  const quote = await call('GET', '/cart');
  if (quote.lines.length === 0) return [heading('Cart'), element('p', {}, 'Your cart is empty')];
  const change = async (method, path, body) => {
    try {
      await call(method, path, body);
      await show();
    } catch (error) {
      fail(error);
    }
  };
  const rows = quote.lines.map((line) =>
    element('tr', {},
      element('td', {}, line.name),
      element('td', {},
        element('input', {
          type: 'number', min: 0, max: 99, value: line.quantity, 'aria-label': `Quantity of ${line.name}`,
          onchange: (event) =>
            change('PUT', `/cart/items/${line.id}`, { quantity: Number(event.target.value) }),
        })),
      element('td', {}, money(line.gross)),
      element('td', {},
        element('button', {
          'aria-label': `Remove ${line.name}`,
          onclick: () => change('DELETE', `/cart/items/${line.id}`),
        }, '×'))));
  const coupon = element('form', { id: 'coupon' },
    element('label', {}, 'Coupon ', element('input', { name: 'code' })),
    element('button', {}, 'Redeem'));
  coupon.addEventListener('submit', (event) => {
    event.preventDefault();
    change('PUT', '/cart/coupon', { code: coupon.elements.code.value });
  });
  return [
    heading('Cart'),
    element('table', { 'aria-label': 'Items' }, rows),
    coupon,
    sums(quote),
    element('a', { href: '#/checkout' }, 'Checkout'),
  ];
}

function sheet(fields, button, submit) {
  const form = element('form', { class: 'sheet', novalidate: true },
    fields.map(([name, label, type = 'text']) =>
      element('label', {}, label, element('input', { name, type, autocomplete: 'off' }))),
    element('button', {}, button));
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    try {
      await submit(Object.fromEntries(new FormData(form)), form);
    } catch (error) {
      fail(error, form);
    }
  });
  return form;
}

function goAfterLogin() {
  location.hash = sessionStorage.getItem('after-login') ?? '#/';
  sessionStorage.removeItem('after-login');
}

function loginView() {
  const enter = sheet(
    [['email', 'E-mail', 'email'], ['password', 'Password', 'password']], 'Log in',
    async (data) => {
      await call('POST', '/session', data);
      goAfterLogin();
    });
  return [heading('Log in'), enter, element('a', { href: '#/register' }, 'Open an account')];
}

function registerView() {
  const open = sheet(
    [['name', 'Name'], ['email', 'E-mail', 'email'], ['password', 'Password', 'password']],
    'Open account',
    async (data) => {
      await call('POST', '/users', data);
      goAfterLogin();
    });
  return [heading('Open an account'), open];
}

async function checkoutView() {
  const user = await call('GET', '/session').catch(() => null);
  if (!user) {
    sessionStorage.setItem('after-login', '#/checkout');
    location.hash = '#/login';
    return [];
  }
  const prices = element('div', {}, sums(await call('GET', '/cart')));
  const country = element('select', { name: 'country' }, COUNTRIES.map((code) => element('option', {}, code)));
  const express = element('input', { name: 'express', type: 'checkbox' });
  const form = sheet(
    [['name', 'Name'], ['street', 'Street'], ['zip', 'Postal code'], ['city', 'City'],
      ['number', 'Card number'], ['expires', 'Expires (MM/YY)']],
    'Buy now',
    async (data) => {
      const { number, expires, express: fast, ...address } = data;
      const order = await call('POST', '/orders', {
        address, card: { number, expires }, express: fast === 'on',
      });
      location.hash = `#/order/${order.id}`;
    });
  form.prepend(element('label', {}, 'Country', country), element('label', {}, 'Express', express));
  const requote = async () => {
    const quote = await call('GET', `/cart?country=${country.value}&express=${express.checked}`);
    prices.replaceChildren(sums(quote));
  };
  country.addEventListener('change', requote);
  express.addEventListener('change', requote);
  return [heading('Checkout'), form, prices];
}

async function orderView({ parts: [id] }) {
  const [order, receipt] = await Promise.all([
    call('GET', `/orders/${encodeURIComponent(id)}`),
    call('GET', `/orders/${encodeURIComponent(id)}/receipt`),
  ]);
  const cancel = async () => {
    await call('POST', `/orders/${order.id}/cancel`);
    await show();
  };
  return [
    heading(`Order ${order.id}`),
    element('p', { 'data-testid': 'status' }, order.status),
    element('pre', { 'data-testid': 'receipt' }, receipt),
    element('a', { href: `/api/orders/${order.id}/invoice` }, 'Invoice'),
    order.status === 'paid' ? element('button', { onclick: cancel }, 'Cancel order') : null,
  ];
}

async function ordersView() {
  const { items } = await call('GET', '/orders');
  return [
    heading('Orders'),
    items.length === 0 ? element('p', {}, 'No orders yet') : null,
    element('ul', { 'aria-label': 'Orders' }, items.map((order) =>
      element('li', {},
        element('a', { href: `#/order/${order.id}` }, order.id),
        ` ${money(order.quote.total)}, ${order.status}`))),
  ];
}

const VIEWS = {
  '': goodsView,
  search: searchView,
  product: productView,
  cart: cartView,
  login: loginView,
  register: registerView,
  checkout: checkoutView,
  order: orderView,
  orders: ordersView,
};

// Views load at their own pace: only the one asked for last may fill the page.
let turn = 0;

async function show() {
  const mine = (turn += 1);
  const [path, query = ''] = location.hash.replace(/^#\/?/, '').split('?');
  const [name, ...parts] = path.split('/').map(decodeURIComponent);
  let content;
  try {
    const view = Object.hasOwn(VIEWS, name) ? VIEWS[name] : null;
    if (!view) throw new Error('no such page');
    [content] = await Promise.all([
      view({ parts, query: new URLSearchParams(query) }),
      refreshHeader(),
    ]);
  } catch (error) {
    content = [heading('Sorry'), element('p', { class: 'error', role: 'alert' }, error.message)];
  }
  if (mine === turn) page.replaceChildren(...content.filter((node) => node != null));
}

const search = document.getElementById('search');
search.addEventListener('input', () => {
  const text = search.elements.q.value;
  location.hash = text ? `#/search?q=${encodeURIComponent(text)}` : '#/';
});
search.addEventListener('submit', (event) => event.preventDefault());
window.addEventListener('hashchange', show);
show();
