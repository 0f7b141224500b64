/** RFC 9110 §10.2.3, in seconds; the date form is left out. At most a day. */
export function retryAfterSeconds(value: string | null): number | undefined {
  return value !== null && /^\d{1,9}$/.test(value) ? Math.min(Number(value), 86_400) : undefined;
}
