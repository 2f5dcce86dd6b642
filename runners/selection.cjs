// Which tests of a file run, and how tests with equal titles are told apart.
'use strict';

const { soundJson } = require('./failure.cjs');

const { stringify } = JSON;

/* As the other side knows it: the channel replaces what JSON cannot carry. */
function keyOf(titles, occ) {
	return soundJson(stringify([titles, occ]));
}

/* Titles as the other side, and so a rerun command, knows them. */
const told = titles => (/[\0\ud800-\udfff]/.test(titles.join('')) ? JSON.parse(soundJson(stringify(titles))) : titles);

/* Counts tests with the same path in one file: 1 for the first. A new one for each file and attempt. */
function occurrences() {
	const seen = new Map();
	return titles => {
		const key = keyOf(titles, 0);
		const occ = (seen.get(key) || 0) + 1;
		seen.set(key, occ);
		return occ;
	};
}

/*
 * (path, occ) => whether this test runs. `source` is the regular expression of -t or null; `only` and
 * `except` are lists of {path, occ} or null; all must hold. `.all` is true when everything runs. Throws
 * on a bad expression. One that begins with `^\[` may name the project of the test, too: `^\[firefox\] adds$`;
 * one that begins with `^#` its number: `^#2: adds$` is the second `adds`, and not the test with the title `adds #2`.
 */
function matcher(source, only, except, project) {
	const regex = source === null || source === undefined ? null : new RegExp(source);
	const setOf = list => (list ? new Set(list.map(test => keyOf(test.path, test.occ || 1))) : null);
	const wanted = setOf(only);
	const unwanted = except?.length ? setOf(except) : null;
	const named = Boolean(project) && Boolean(regex) && source.startsWith('^\\[');
	const numbered = Boolean(regex) && /^\^(\\\[.*\\\] )?#\d+: /.test(source);
	const selects = (titles, occ) => {
		if (wanted && !wanted.has(keyOf(titles, occ)))
			return false;
		if (unwanted?.has(keyOf(titles, occ)))
			return false;
		if (!regex)
			return true;
		const known = told(titles), suffix = occ > 1 ? ` #${occ}` : '', text = known.join(' › ');
		if (regex.test(known.join(' ') + suffix) || regex.test(text + suffix))
			return true;
		const exact = numbered ? `#${occ}: ${text}` : text + suffix;
		return (numbered && regex.test(exact)) || (named && regex.test(`[${project}] ${exact}`));
	};
	selects.all = !regex && !wanted && !unwanted;
	return selects;
}

module.exports = { keyOf, matcher, occurrences };
