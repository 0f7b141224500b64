type Spend = <T>(what: string, work: () => Promise<T>) => Promise<T>;

/** Does work whose cost `pnpm test:cost` tells apart from that of the tests. Outside of it, only the work. */
export const spend: Spend = (what, work) => {
  const noted = (globalThis as Record<symbol, Spend | undefined>)[Symbol.for('chatelaine.test.spend')];
  return noted === undefined ? work() : noted(what, work);
};
