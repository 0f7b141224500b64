/**
 * The seconds of a `Retry-After` header, at most a day. Undefined if it is missing, a date, or malformed. RFC 9110
 * §10.2.3.
 */
export function retryAfterSeconds(value: string | null): number | undefined {
  return value !== null && /^\d{1,9}$/.test(value) ? Math.min(Number(value), 86_400) : undefined;
}
