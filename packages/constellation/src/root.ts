import path from 'node:path';

/** The root of the repository: from `src` and from `dist` it is as far. */
export const root = path.join(import.meta.dirname, '../../..');
