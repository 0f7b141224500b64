import { z } from 'zod';
import { isPushService } from './is-push-service.ts';

/** A browser's push subscription: where messages go, and the keys that they are encrypted for (RFC 8030, RFC 8291). */
export interface Subscription {
  readonly endpoint: string;
  /**
   * The browser's public key, an uncompressed point of P-256, in base64url. `auth` is its authentication secret,
   * likewise.
   */
  readonly p256dh: string;
  readonly auth: string;
}

const base64url = (bytes: number) =>
  z.string().refine((text) => {
    const decoded = Buffer.from(text, 'base64url');
    return decoded.length === bytes && decoded.toString('base64url') === text;
  });
const schema = z.object({ endpoint: z.string().max(1_000), p256dh: base64url(65), auth: base64url(16) });

/**
 * Reads a subscription from a browser's form; null if it is malformed, or at a push service that the operator has not
 * allowed.
 */
export function readSubscription(form: ReadonlyMap<string, string>, services: readonly string[]): Subscription | null {
  const read = schema.safeParse(
    Object.fromEntries(['endpoint', 'p256dh', 'auth'].map((name) => [name, form.get(name)])),
  );
  return read.success && isPushService(read.data.endpoint, services) ? read.data : null;
}
