import fs from 'node:fs';
import path from 'node:path';

/** Something that a test measured. `pnpm measure:containers` writes all figures into docs/operations.md. */
export interface Figure {
  readonly what: string;
  readonly promised: string;
  readonly measured: string;
}

export const FIGURES_FILE: string = path.join(import.meta.dirname, '../../../.run/container-figures.json');

/** Replaces an earlier figure of the same name. */
export function recordFigure(figure: Figure): void {
  const others = recordedFigures().filter(({ what }) => what !== figure.what);
  fs.mkdirSync(path.dirname(FIGURES_FILE), { recursive: true });
  fs.writeFileSync(FIGURES_FILE, JSON.stringify([...others, figure], null, 2));
}

export function recordedFigures(): Figure[] {
  return fs.existsSync(FIGURES_FILE) ? (JSON.parse(fs.readFileSync(FIGURES_FILE, 'utf8')) as Figure[]) : [];
}

export const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;
