import { z } from 'zod';
import { isPushService } from './is-push-service.ts';

/** Where a browser is told something, and what it is encrypted for (RFC 8030, RFC 8291). */
export interface Subscription {
  readonly endpoint: string;
  /** Its public key, an uncompressed point of P-256, and its secret, in base64url. */
  readonly p256dh: string;
  readonly auth: string;
}

const base64url = (bytes: number) =>
  z.string().refine((text) => {
    const decoded = Buffer.from(text, 'base64url');
    return decoded.length === bytes && decoded.toString('base64url') === text;
  });
const schema = z.object({ endpoint: z.string().max(1_000), p256dh: base64url(65), auth: base64url(16) });

/** What a browser's form says of itself, or null: only at a push service that the operator lets us speak to. */
export function readSubscription(form: ReadonlyMap<string, string>, services: readonly string[]): Subscription | null {
  const read = schema.safeParse(
    Object.fromEntries(['endpoint', 'p256dh', 'auth'].map((name) => [name, form.get(name)])),
  );
  return read.success && isPushService(read.data.endpoint, services) ? read.data : null;
}
