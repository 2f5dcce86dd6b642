// The coverage page. Data comes in by script elements (data/index.js, data/N.js), because a page from
// file:// may not fetch. Everything from outside becomes text nodes, never markup.
'use strict';

const KINDS = ['Lines', 'Statements', 'Functions', 'Branches'];
const ROWS = 400; // shown at first; a click shows more
const LOADED = 200; // sources that are kept; a file of data brings several
const $ = id => document.getElementById(id);

let files = []; // {path, parts, index, data, counts: [[covered, total] x 4]}
let limits = KINDS.map(() => 90); // per cent below which a figure is marked, by kind
let sort = { by: 'name', down: false };
let loaded = new Map(); // index -> content
let waiting = null; // {index, done}
let stops = []; // rows with something that is not covered

/* ---- elements ---- */

function element(name, properties, ...children) {
  const { text, data, ...rest } = properties || {};
  const node = Object.assign(document.createElement(name), rest);
  if (text !== undefined) node.textContent = text;
  for (const [key, value] of Object.entries(data || {})) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

function svg(name, attributes) {
  const node = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  return node;
}

/* ---- numbers: as the other reports say them ---- */

const floor2 = (covered, total) => (total ? Math.floor((1000 * 100 * covered / total) / 10) / 100 : 100);
const isLow = ([covered, total], kind) => floor2(covered, total) < limits[kind];
const grade = (count, kind) => {
  if (!count[1]) return 'none';
  return !isLow(count, kind) ? 'good' : floor2(...count) >= limits[kind] * 0.7 ? 'fair' : 'bad';
};
const percent = ([covered, total]) => floor2(covered, total) + ' %';
const number = n => n.toLocaleString('en');

function sum(list) {
  const total = KINDS.map(() => [0, 0]);
  for (const { counts } of list) {
    counts.forEach(([covered, all], kind) => {
      total[kind][0] += covered;
      total[kind][1] += all;
    });
  }
  return total;
}

function bar(count, kind) {
  const node = svg('svg', { class: 'bar', viewBox: '0 0 100 6', preserveAspectRatio: 'none', 'aria-hidden': 'true' });
  node.append(svg('rect', { class: 'back', width: 100, height: 6 }),
    svg('rect', { class: grade(count, kind), width: floor2(...count), height: 6 }));
  return node;
}

/* ---- addresses: #/folder/ and #/file:line ---- */

const address = (parts, folder, line) =>
  '#/' + parts.map(encodeURIComponent).join('/') + (folder && parts.length ? '/' : '') + (line ? ':' + line : '');

function place() {
  let text = location.hash.replace(/^#\/?/, '');
  const folder = text === '' || text.endsWith('/');
  const line = /:(\d+)$/.exec(text);
  if (line) text = text.slice(0, line.index);
  const parts = text.split('/').filter(Boolean).map(part => {
    try {
      return decodeURIComponent(part);
    } catch {
      return part;
    }
  });
  return { folder, parts, line: line ? Number(line[1]) : 0 };
}

function crumbs(parts, folder) {
  const items = [['all files', []], ...parts.map((part, i) => [part, parts.slice(0, i + 1)])];
  $('crumbs').replaceChildren(...items.map(([text, to], i) => element('li', {}, i === items.length - 1
    ? element('span', { text, data: { 'aria-current': 'page' } })
    : element('a', { text, href: address(to, true) }))));
}

function totals(counts) {
  $('totals').replaceChildren(...KINDS.map((kind, i) => element('div', {},
    element('dt', { text: kind }),
    element('dd', {}, element('span', { className: 'pct ' + grade(counts[i], i), text: percent(counts[i]) }),
      element('span', { className: 'of', text: number(counts[i][0]) + ' of ' + number(counts[i][1]) }), bar(counts[i], i)))));
}

/* ---- a folder ---- */

const startsWith = (parts, start) => start.every((part, i) => parts[i] === part);

/* The files of a folder, and its sub-folders with the sums of what is in them. */
function entries(below, depth) {
  const folders = new Map();
  const list = [];
  for (const file of below) {
    if (file.parts.length === depth + 1) {
      list.push({ name: file.parts[depth], to: address(file.parts), counts: file.counts });
      continue;
    }
    const name = file.parts[depth];
    if (!folders.has(name)) folders.set(name, { parts: file.parts.slice(0, depth + 1), files: [] });
    folders.get(name).files.push(file);
  }
  for (const [name, { parts, files: inside }] of folders) {
    list.push({ name: name + '/', folder: true, to: address(parts, true), counts: sum(inside) });
  }
  return list;
}

function compare(a, b) {
  let result;
  if (sort.by === 'name') result = Number(b.folder || 0) - Number(a.folder || 0) || (a.name < b.name ? -1 : 1);
  else result = floor2(...a.counts[sort.by]) - floor2(...b.counts[sort.by]) || a.counts[sort.by][1] - b.counts[sort.by][1];
  return sort.down ? -result : result;
}

function head(text, by) {
  const on = sort.by === by;
  const button = element('button', { type: 'button', text: text + (on ? (sort.down ? ' ↓' : ' ↑') : '') });
  button.addEventListener('click', () => {
    sort = { by, down: on ? !sort.down : false };
    show();
    [...document.querySelectorAll('.files thead button')].find(b => b.textContent.startsWith(text)).focus();
  });
  return element('th', { scope: 'col', data: on ? { 'aria-sort': sort.down ? 'descending' : 'ascending' } : {} }, button);
}

function row({ name, to, counts }) {
  return element('tr', {},
    element('th', { scope: 'row' }, element('a', { href: to, text: name })),
    element('td', { className: 'graph' }, bar(counts[0], 0)),
    ...counts.map((count, kind) => element('td', {},
      element('span', { className: grade(count, kind), text: percent(count) }),
      element('small', { text: ' ' + number(count[0]) + '/' + number(count[1]) }))));
}

function table(list) {
  const body = element('tbody');
  const more = element('button', { type: 'button', className: 'more' });
  const add = () => {
    const from = body.rows.length;
    body.append(...list.slice(from, from + ROWS).map(row));
    const left = list.length - body.rows.length;
    more.textContent = 'Show ' + number(Math.min(left, ROWS)) + ' of ' + number(left) + ' more';
    more.hidden = !left;
  };
  more.addEventListener('click', add);
  add();
  return [element('div', { className: 'scroll', tabIndex: 0, data: { role: 'region', 'aria-label': 'Files' } },
    element('table', { className: 'files' },
      element('thead', {}, element('tr', {}, head('Name', 'name'), element('td', { className: 'graph' }),
        ...KINDS.map((kind, i) => head(kind, i)))),
      body)), more];
}

function showFolder(parts) {
  const below = files.filter(file => startsWith(file.parts, parts));
  const text = $('filter').value.trim().toLowerCase();
  const low = $('below').checked;
  let list;
  if (text || low) {
    list = below.filter(file => file.path.toLowerCase().includes(text) &&
      (!low || file.counts.some(isLow)))
      .map(file => ({ name: file.parts.slice(parts.length).join('/'), to: address(file.parts), counts: file.counts }));
  } else {
    list = entries(below, parts.length);
  }
  $('found').textContent = text || low ? number(list.length) + ' of ' + number(below.length) + ' files' : '';
  crumbs(parts, true);
  totals(sum(below));
  document.title = (parts.join('/') || 'All files') + ' · coverage';
  $('search').hidden = false;
  stops = [];
  const nothing = below.length ? 'No file matches.' : 'There is no such folder in this report.';
  $('view').replaceChildren(...(list.length ? table(list.sort(compare)) : [element('p', { className: 'note', text: nothing })]));
}

/* ---- a file ---- */

/* Ranges of one line: [from, to, class, title]; they may overlap. */
function spansOf(content, lines) {
  const spans = lines.map(() => []);
  const add = (line, column, endLine, endColumn, name, title) => {
    for (let at = line; at <= Math.min(endLine, lines.length); at++) {
      if (at < 1) continue;
      const text = lines[at - 1];
      const from = at === line ? column : text.length - text.trimStart().length;
      const to = at === endLine && endColumn >= 0 ? endColumn : text.length;
      if (from < to) spans[at - 1].push([from, Math.min(to, text.length), name, title]);
    }
  };
  const s = content.statements;
  for (let i = 0; i < s.length; i += 4) add(s[i], s[i + 1], s[i + 2], s[i + 3], 'statement', 'statement not covered');
  for (const [name, ...loc] of content.functions) add(...loc, 'function', 'function ' + (name || '(anonymous)') + ' not called');
  for (const [type, arm, ...loc] of content.branches) {
    const what = type === 'if' ? (arm ? 'else' : 'if') + ' path' : type === 'default-arg' ? 'default value' : 'branch ' + (arm + 1) + ' of ' + type;
    const [line, column, endLine, endColumn] = loc;
    const empty = line === endLine && column === endColumn;
    add(line, column, endLine, empty ? column + 1 : endColumn, 'branch', what + ' not taken');
  }
  return spans;
}

/* The text of a line cut where a range begins or ends; the last class wins, the titles add up. */
function codeOf(text, spans) {
  if (!spans.length) return [text];
  const cuts = [...new Set([0, text.length, ...spans.flatMap(([from, to]) => [from, to])])].sort((a, b) => a - b);
  return cuts.slice(0, -1).map((from, i) => {
    const piece = text.slice(from, cuts[i + 1]);
    const over = spans.filter(span => span[0] <= from && from < span[1]);
    if (!over.length) return piece;
    const inner = over.reduce((a, b) => (b[1] - b[0] <= a[1] - a[0] ? b : a));
    return element('mark', { className: inner[2], title: [...new Set(over.map(span => span[3]))].join('; '), text: piece });
  });
}

function sourceTable(file, content, target) {
  const lines = content.source === null ? [] : content.source.split(/\r\n|\n|\r/);
  const hits = new Map();
  for (let i = 0; i < content.lines.length; i += 4) hits.set(content.lines[i], content.lines.slice(i + 1, i + 4));
  if (content.source === null) for (const line of hits.keys()) while (lines.length < line) lines.push('');
  const spans = spansOf(content, lines);
  const body = element('tbody');
  stops = [];
  lines.forEach((text, i) => {
    const [count, taken, arms] = hits.get(i + 1) || [];
    const missed = count === 0;
    const part = arms > 0 && taken < arms;
    const line = element('tr', { id: 'L' + (i + 1), className: (count === undefined ? '' : missed ? 'missed' : 'covered') + (part ? ' part' : '') +
        (i + 1 === target ? ' target' : '') },
      element('td', { className: 'number' }, element('a', { href: address(file.parts, false, i + 1), text: i + 1, tabIndex: -1 })),
      element('td', { className: 'hits', text: count === undefined ? '' : count + '×' }),
      element('td', { className: 'arms', text: arms ? taken + '/' + arms : '', title: arms ? taken + ' of ' + arms + ' branches taken' : '' }),
      element('td', { className: 'code' }, ...codeOf(text, spans[i])));
    body.append(line);
    const open = missed || part || spans[i].length > 0;
    if (open && (!stops.length || stops[stops.length - 1].last !== i - 1)) stops.push({ first: i, last: i, line });
    else if (open) stops[stops.length - 1].last = i;
  });
  return element('div', { className: 'scroll', tabIndex: 0, data: { role: 'region', 'aria-label': 'Source' } },
    element('table', { className: 'source' }, element('thead', {}, element('tr', {},
      ...['Line', 'Hits', 'Branches taken', 'Source'].map(text => element('th', { scope: 'col' }, element('span', { className: 'unseen', text }))))), body));
}

function showContent(file, content, line) {
  const legend = element('p', { className: 'legend' });
  const step = (text, by) => {
    const button = element('button', { type: 'button', text });
    button.addEventListener('click', () => jump(by));
    return button;
  };
  const view = sourceTable(file, content, line);
  legend.append(...(stops.length ? [step('Previous', -1), step('Next', 1),
    number(stops.length) + (stops.length === 1 ? ' place' : ' places') + ' not covered:',
    element('mark', { className: 'statement', text: 'statement' }), element('mark', { className: 'function', text: 'function' }),
    element('mark', { className: 'branch', text: 'branch' })] : ['Everything is covered.']));
  $('view').replaceChildren(legend, ...(content.note ? [element('p', { className: 'note', text: content.note })] : []), view);
  const target = line && $('L' + line);
  if (target) target.scrollIntoView({ block: 'center' });
  else window.scrollTo(0, 0);
}

function showFile(file, line) {
  crumbs(file.parts, false);
  totals(file.counts);
  document.title = file.path + ' · coverage';
  $('search').hidden = true;
  const done = content => showContent(file, content, line);
  if (loaded.has(file.index)) {
    done(loaded.get(file.index));
    return;
  }
  $('view').replaceChildren(element('p', { className: 'note', text: 'Loading…', data: { role: 'status' } }));
  waiting = { index: file.index, done };
  if (loaded.size > LOADED) loaded = new Map();
  const src = 'data/' + file.data + '.js';
  const script = element('script', { src });
  script.addEventListener('error', () => $('view').replaceChildren(element('p', { className: 'note',
    text: src + ' is missing: copy the whole folder of the report.' })));
  script.addEventListener('load', () => script.remove());
  document.head.append(script);
}

function show() {
  const { folder, parts, line } = place();
  const file = folder ? null : files.find(f => f.parts.length === parts.length && startsWith(f.parts, parts));
  waiting = null;
  if (file) showFile(file, line);
  else showFolder(parts);
}

/* ---- moving about ---- */

let at = -1;

function jump(by) {
  if (!stops.length) return;
  if (at < 0) { // an address may name a line: go on from there
    const { line } = place();
    const below = stops.findIndex(stop => stop.first >= line);
    at = (below < 0 ? stops.length : below) - (by > 0 ? 1 : 0);
  }
  at = (at + by + stops.length) % stops.length;
  for (const row of document.querySelectorAll('.source tr.target')) row.classList.remove('target');
  const { first, last, line } = stops[at];
  for (let i = first; i <= last; i++) $('L' + (i + 1)).classList.add('target');
  line.scrollIntoView({ block: 'center' });
  line.querySelector('a').focus({ preventScroll: true });
}

function move(by) {
  const links = [...document.querySelectorAll('.files tbody a')];
  const now = links.indexOf(document.activeElement);
  const next = links[now < 0 ? (by > 0 ? 0 : links.length - 1) : now + by];
  if (next) next.focus();
}

function up() {
  const { parts } = place();
  location.hash = address(parts.slice(0, -1), true);
}

const dark = () => (document.documentElement.dataset.theme ||
  (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light')) === 'dark';

function theme(next) {
  if (next) document.documentElement.dataset.theme = next;
  $('theme').textContent = dark() ? 'Light' : 'Dark';
  try {
    if (next) localStorage.setItem('muster-theme', next);
  } catch {
    // a page from file:// may have no storage
  }
}

const keys = {
  '/': () => $('search').hidden || $('filter').focus(),
  '?': () => $('help').showModal(),
  j: () => move(1),
  k: () => move(-1),
  n: () => jump(1),
  p: () => jump(-1),
  u: up,
  t: () => theme(dark() ? 'light' : 'dark'),
};

document.addEventListener('keydown', event => {
  const typing = /^(?:INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
  if (typing && event.key === 'Escape') {
    event.target.value = '';
    event.target.blur();
    show();
  }
  if (typing || event.ctrlKey || event.metaKey || event.altKey || $('help').open || !Object.hasOwn(keys, event.key)) return;
  event.preventDefault();
  keys[event.key]();
});

$('theme').addEventListener('click', () => keys.t());
$('keys').addEventListener('click', () => keys['?']());
$('filter').addEventListener('input', show);
$('below').addEventListener('change', show);
$('search').addEventListener('submit', event => event.preventDefault());
window.addEventListener('hashchange', () => {
  at = -1;
  show();
});
try {
  theme(localStorage.getItem('muster-theme'));
} catch {
  theme();
}

/* ---- what the data files call ---- */

window.muster = {
  index(data) {
    limits = data.limits;
    files = data.files.map(([path, ...n], index) => ({
      path, index,
      parts: path.split('/').filter(Boolean),
      counts: KINDS.map((_, kind) => [n[2 * kind], n[2 * kind + 1]]),
      data: n[2 * KINDS.length],
    }));
    $('title').textContent = data.title;
    $('made').textContent = data.made;
    $('below-text').textContent = limits.every(limit => limit === limits[0])
      ? 'only below ' + limits[0] + ' %' : 'only below a limit';
    show();
  },
  file(index, content) {
    loaded.set(index, content);
    if (waiting && waiting.index === index) waiting.done(content);
  },
};
