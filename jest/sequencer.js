/**
 * Test files in the order in which a package lists its long ones (`globals.longestFirst`), then the others as they
 * come: the longest must not run alone at the end.
 */
export default class LongestFirst {
  #longest;

  constructor({ contexts }) {
    this.#longest = contexts.flatMap(({ config }) => config.globals.longestFirst ?? []);
  }

  sort(tests) {
    const rank = ({ path }) => {
      const at = this.#longest.findIndex((name) => path.endsWith(`/${name}.test.ts`));
      return at < 0 ? this.#longest.length : at;
    };
    return tests.toSorted((a, b) => rank(a) - rank(b) || (a.path < b.path ? -1 : 1));
  }

  shard(tests) {
    return tests;
  }

  allFailedTests(tests) {
    return tests;
  }

  cacheResults() {}
}
