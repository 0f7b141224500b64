import type { AnswerHeaders } from './exchange.ts';

/**
 * Seconds for which an answer may be cached: `Cache-Control: max-age` less `Age` (RFC 9111 §4.2); 0 if there is no
 * `max-age` or caching is forbidden.
 */
export function freshForSeconds(headers: AnswerHeaders): number {
  const directives = new Map<string, string>();
  for (const part of first(headers['cache-control']).toLowerCase().split(',')) {
    const [name = '', value = ''] = part.split('=', 2).map((piece) => piece.trim());
    if (!directives.has(name)) directives.set(name, value.replace(/^"|"$/g, ''));
  }
  if (directives.has('no-store') || directives.has('no-cache')) return 0;
  return Math.max(0, seconds(directives.get('max-age')) - seconds(first(headers['age'])));
}

function first(value: string | string[] | undefined): string {
  return Array.isArray(value) ? value.join(',') : (value ?? '');
}

function seconds(text: string | undefined): number {
  return text !== undefined && /^\d{1,10}$/.test(text.trim()) ? Number(text) : 0;
}
