import fs from 'node:fs';
import path from 'node:path';
import type { RatioName } from './report.ts';

/** The last line of a run, for programs: medians, megabytes, and what was counted per request. */
export interface Line {
  readonly ratios: Readonly<Record<RatioName, number>>;
  readonly rss_mb: Readonly<Record<string, number>>;
  readonly statements: Readonly<Record<string, number>>;
  readonly commits: Readonly<Record<string, number>>;
}

const PUBLISHED = path.join(import.meta.dirname, '../../results/performance.json');
/** A machine that is busy with something else changes a ratio, but never by this factor. */
const WORST = 0.5;

export const publish = (line: Line): void => fs.writeFileSync(PUBLISHED, `${JSON.stringify(line, null, 2)}\n`);

/** What was published last. */
export const readPublished = (): Line => JSON.parse(fs.readFileSync(PUBLISHED, 'utf8')) as Line;

/** In what a run is worse than what is published: more statements or commits, or a ratio of less than half. */
export function findWorse(line: Line, published: Line): string[] {
  const ratios = Object.entries(published.ratios).flatMap(([name, before]) => {
    const now = line.ratios[name as RatioName];
    // of all ratios, only here less is better
    const share = name === 'lone_p50_vs_limit' ? before / now : now / before;
    return share >= WORST ? [] : [`${name}: ${now}, published as ${before}`];
  });
  const counts = (['statements', 'commits'] as const).flatMap((kind) =>
    Object.entries(published[kind]).flatMap(([name, before]) => {
      const now = line[kind][name] ?? Number.NaN;
      return now <= before ? [] : [`${kind} of ${name}: ${now}, published as ${before}`];
    }),
  );
  return [...ratios, ...counts];
}
