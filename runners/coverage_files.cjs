// Which source files count, as Istanbul's tools read their globs (test-exclude): files of the project that no
// test loads count, too, once somebody asks for all.
'use strict';

const { readdirSync } = require('fs');
const path = require('path');

const EXTENSIONS = ['js', 'cjs', 'mjs', 'ts', 'cts', 'mts', 'jsx', 'tsx'];
const KINDS = `{${EXTENSIONS.join(',')}}`;
const DEFAULT_EXCLUDE = [
	'coverage/**', 'packages/*/test{,s}/**', '**/*.d.{ts,cts,mts}', 'test{,s}/**', `test{,-*}.${KINDS}`,
	`**/*{.,-}test.${KINDS}`, `**/*{.,-}spec.${KINDS}`, '**/__tests__/**',
	'**/{ava,babel,nyc,jest,karma,playwright,vite,vitest,webpack,rollup,eslint}.config.{js,cjs,mjs,ts}',
	'**/.{eslint,mocha,prettier}rc.{js,cjs,mjs,yml}',
];
const DEPTH_MAX = 32;

function braces(glob) {
	const open = glob.indexOf('{');
	if (open < 0)
		return [glob];
	let depth = 0;
	let start = open + 1;
	const parts = [];
	for (let i = open; i < glob.length; i++) {
		if (glob[i] === '{')
			depth++;
		if (glob[i] === '}')
			depth--;
		if ((glob[i] === ',' && depth === 1) || depth === 0) {
			parts.push(glob.slice(start, i));
			start = i + 1;
		}
		if (depth === 0) {
			const rest = glob.slice(i + 1);
			return parts.flatMap(part => braces(glob.slice(0, open) + part + rest));
		}
	}
	return [glob];
}

const escape = text => text.replace(/[.+^${}()|\\]/g, '\\$&');

function regexOf(glob) {
	const parts = glob.replace(/^\.\//, '').split('/');
	let source = '';
	parts.forEach((part, index) => {
		const last = index === parts.length - 1;
		if (part === '**')
			source += last ? '.*' : '(?:[^/]+/)*';
		else
			source += escape(part).replace(/\*+/g, '[^/]*').replace(/\?/g, '[^/]') + (last ? '' : '/');
	});
	return new RegExp(`^${source}$`);
}

/* A test for paths relative to the root. As in Istanbul, a glob that names a folder means what is in it. */
function matcher(globs) {
	const expressions = globs.flatMap(braces).flatMap(glob => [regexOf(glob), regexOf(`${glob.replace(/\/+$/, '')}/**`)]);
	return name => expressions.some(expression => expression.test(name));
}

/* {counts(file), all()}: file is absolute; only what is below root counts, and nothing in node_modules. */
function sources(root, { include, exclude }) {
	const included = include.length ? matcher(include) : () => true;
	const excluded = matcher(exclude.length ? exclude : DEFAULT_EXCLUDE);
	const relative = file => path.relative(root, file).split(path.sep).join('/');
	const counts = file => {
		const name = relative(file);
		return !name.startsWith('../') && !path.isAbsolute(name) && !/(^|\/)node_modules\//.test(name) &&
			EXTENSIONS.includes(path.extname(name).slice(1)) && included(name) && !excluded(name);
	};
	const walk = (folder, depth) => readdirSync(folder, { withFileTypes: true }).flatMap(entry => {
		const file = path.join(folder, entry.name);
		if (entry.isDirectory() && depth < DEPTH_MAX && entry.name !== 'node_modules' && entry.name !== '.git' &&
			entry.name !== '.muster')
			return walk(file, depth + 1);
		return entry.isFile() && counts(file) ? [file] : [];
	});
	return { counts, all: () => walk(root, 0).sort() };
}

module.exports = { sources };
