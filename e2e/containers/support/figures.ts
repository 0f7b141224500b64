import fs from 'node:fs';
import path from 'node:path';

/** One thing that was measured on the way; `pnpm measure:containers` writes all of them into docs/operations.md. */
export interface Figure {
  readonly what: string;
  readonly held: string;
  readonly measured: string;
}

export const FIGURES_FILE: string = path.join(import.meta.dirname, '../../../.run/container-figures.json');

/** What was there before under the same name is replaced. */
export function note(figure: Figure): void {
  const others = noted().filter(({ what }) => what !== figure.what);
  fs.mkdirSync(path.dirname(FIGURES_FILE), { recursive: true });
  fs.writeFileSync(FIGURES_FILE, JSON.stringify([...others, figure], null, 2));
}

export function noted(): Figure[] {
  return fs.existsSync(FIGURES_FILE) ? (JSON.parse(fs.readFileSync(FIGURES_FILE, 'utf8')) as Figure[]) : [];
}

export const inSeconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;
