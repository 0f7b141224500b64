import path from 'node:path';

/** What an AM's operator adds to the terms that ship: a newer version of one. */
export const NEWER_TERMS = path.join(import.meta.dirname, 'terms');
