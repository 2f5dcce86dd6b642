'use strict';

const SORTS = {
  name: (a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0),
  price: (a, b) => a.price - b.price || SORTS.name(a, b),
  '-price': (a, b) => b.price - a.price || SORTS.name(a, b),
};

class Catalog {
  constructor(products) {
    this.byId = new Map();
    for (const product of products) {
      if (this.byId.has(product.id)) throw new Error(`product ${product.id} appears twice`);
      this.byId.set(product.id, Object.freeze({ ...product }));
    }
  }

  get size() {
    return this.byId.size;
  }

  get(id) {
    return this.byId.get(id);
  }

  all() {
    return [...this.byId.values()];
  }

  categories() {
    return [...new Set(this.all().map((product) => product.category))].sort();
  }

  page({ category = null, sort = 'name', page = 1, size = 12 } = {}) {
    if (!Object.hasOwn(SORTS, sort)) throw new RangeError(`cannot sort by ${sort}`);
    const found = this.all()
      .filter((product) => !category || product.category === category)
      .sort(SORTS[sort]);
    const pages = Math.max(1, Math.ceil(found.length / size));
    const start = (Math.min(Math.max(1, page), pages) - 1) * size;
    return { total: found.length, pages, items: found.slice(start, start + size) };
  }
}

module.exports = { Catalog };
