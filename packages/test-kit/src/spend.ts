type Spend = <T>(what: string, work: () => Promise<T>) => Promise<T>;

/** Does work whose cost `pnpm test:cost` lists apart from that of tests; otherwise only does the work. */
export const spend: Spend = (what, work) => {
  const noted = (globalThis as Record<symbol, Spend | undefined>)[Symbol.for('chatelaine.test.spend')];
  return noted === undefined ? work() : noted(what, work);
};
