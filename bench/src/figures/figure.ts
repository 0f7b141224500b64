/** One figure: its target, and what was measured. */
export interface Figure {
  readonly what: string;
  readonly held: string;
  readonly measured: string;
}

export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** The value that this share of all values does not exceed. */
export function at(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

export const ms = (milliseconds: number): string => `${milliseconds.toFixed(0)} ms`;
export const seconds = (milliseconds: number): string => `${(milliseconds / 1_000).toFixed(2)} s`;
