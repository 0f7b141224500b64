/** The hidden field of every form. */
export const CSRF_FIELD = '_csrf';
