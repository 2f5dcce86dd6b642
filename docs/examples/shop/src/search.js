'use strict';

// Full-text search: an inverted index with prefixes, ranked by tf-idf, with one typo forgiven.

const TITLE_WEIGHT = 4;

function words(text) {
  return text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter(Boolean);
}

// True when `a` becomes `b` by at most one insertion, deletion, change or swap of neighbours.
function nearlyEqual(a, b) {
  if (a === b) return true;
  if (a.length > b.length) return nearlyEqual(b, a);
  if (b.length - a.length > 1) return false;
  let at = 0;
  while (at < a.length && a[at] === b[at]) at += 1;
  if (a.length < b.length) return a.slice(at) === b.slice(at + 1);
  if (a.slice(at + 1) === b.slice(at + 1)) return true;
  return a[at] === b[at + 1] && a[at + 1] === b[at] && a.slice(at + 2) === b.slice(at + 2);
}

class SearchIndex {
  constructor(products) {
    this.postings = new Map();
    this.documents = products.length;
    for (const product of products) {
      this.#add(product.id, words(product.name), TITLE_WEIGHT);
      this.#add(product.id, words(`${product.description ?? ''} ${product.category}`), 1);
    }
    this.terms = [...this.postings.keys()].sort();
  }

  #add(id, tokens, weight) {
    for (const token of tokens) {
      let posting = this.postings.get(token);
      if (!posting) this.postings.set(token, (posting = new Map()));
      posting.set(id, (posting.get(id) ?? 0) + weight);
    }
  }

  #withPrefix(prefix) {
    let low = 0;
    let high = this.terms.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.terms[middle] < prefix) low = middle + 1;
      else high = middle;
    }
    const found = [];
    while (low < this.terms.length && this.terms[low].startsWith(prefix)) {
      found.push(this.terms[low]);
      low += 1;
    }
    return found;
  }

  // Terms for one word of the query: itself and longer words; without any, its near neighbours.
  #expand(word) {
    const found = this.#withPrefix(word);
    if (found.length > 0 || word.length < 4) return found;
    return this.terms.filter((term) => nearlyEqual(word, term));
  }

  #scores(word) {
    const scores = new Map();
    for (const term of this.#expand(word)) {
      const posting = this.postings.get(term);
      const rarity = Math.log(1 + this.documents / posting.size);
      const exact = term === word ? 2 : 1;
      for (const [id, frequency] of posting) {
        scores.set(id, (scores.get(id) ?? 0) + exact * rarity * Math.sqrt(frequency));
      }
    }
    return scores;
  }

  // Ids that match every word, best first.
  search(query, limit = 20) {
    const parts = words(query).map((word) => this.#scores(word));
    if (parts.length === 0) return [];
    const [first, ...others] = parts.sort((a, b) => a.size - b.size);
    const hits = [];
    for (const [id, score] of first) {
      if (others.every((scores) => scores.has(id))) {
        hits.push({ id, score: others.reduce((sum, scores) => sum + scores.get(id), score) });
      }
    }
    hits.sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1));
    return hits.slice(0, limit).map((hit) => hit.id);
  }
}

module.exports = { SearchIndex, words, nearlyEqual };
