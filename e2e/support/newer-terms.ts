import path from 'node:path';

/** A folder with a newer version of terms that ship, as an AM's operator would add it. */
export const NEWER_TERMS = path.join(import.meta.dirname, 'terms');
