import { sha256base64url } from '@chatelaine/crypto';
import type { FormParams } from '@chatelaine/protocol';
import { isCsrfToken } from './interaction.ts';

/** Fields that mean something to this one page only. */
const OF_THE_PAGE: ReadonlySet<string> = new Set(['client_id', 'request_uri', 'shown']);

/** What is kept of a form: a hash of its token, which says whose it was, and its fields. */
export function toKeep(form: FormParams): FormParams {
  const kept = [...form].filter(([name]) => !OF_THE_PAGE.has(name));
  return new Map(kept.map(([name, value]) => [name, name === 'csrf' ? hashOf(value) : value]));
}

/** The kept form, if it was filled in with this token: another person in the same browser starts anew. */
export function filledBy(kept: FormParams | null, csrf: string): FormParams | null {
  return kept !== null && isCsrfToken(kept.get('csrf'), hashOf(csrf)) ? kept : null;
}

const hashOf = (token: string): string => sha256base64url(`filled\0${token}`);
