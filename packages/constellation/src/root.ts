import path from 'node:path';

/** The root of the repository, which is as far from `src` as from `dist`. */
export const root = path.join(import.meta.dirname, '../../..');
