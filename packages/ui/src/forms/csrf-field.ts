/** Name of the hidden field that every form has. */
export const CSRF_FIELD = '_csrf';
