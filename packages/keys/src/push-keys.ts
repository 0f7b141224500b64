import { createECDH } from 'node:crypto';
import { z } from 'zod';
import { keepSecret, type KeptIn, knownSecret, replaceSecret } from './kept-secret.ts';

/**
 * The VAPID key pair (RFC 8292) by which push services recognize a service's messages: P-256, both keys in base64url.
 */
export interface PushKey {
  /** The uncompressed point. A browser's subscription is for this key only. */
  readonly publicKey: string;
  readonly privateKey: string;
}

/** The current key, as far as {@link PushKeys.refresh} has read it from the database. */
export interface PushKeys {
  readonly current: PushKey;
  /** Reads the key again; if that fails, the known one remains. */
  refresh(): Promise<void>;
}

const NAME = 'push_key';
const storedSchema = z.object({ publicKey: z.string(), privateKey: z.string() });

/** Opens the key, which is encrypted so that it survives a change of ENCRYPTION_KEY. The first process generates it. */
export async function openPushKeys(parts: KeptIn): Promise<PushKeys> {
  let key = read(await keepSecret(parts, NAME, newKey()));
  return {
    get current() {
      return key;
    },
    async refresh() {
      key = read(await knownSecret(parts, NAME));
    },
  };
}

/**
 * Replaces the key; every process uses the new one within half a minute. Subscriptions of browsers for the old key
 * become useless.
 */
export async function replacePushKey(parts: KeptIn): Promise<void> {
  await replaceSecret(parts, NAME, newKey());
}

const read = (secret: string): PushKey => storedSchema.parse(JSON.parse(secret));

function newKey(): string {
  const pair = createECDH('prime256v1');
  const publicKey = pair.generateKeys('base64url', 'uncompressed');
  // the number comes without leading zeros
  const privateKey = Buffer.concat([Buffer.alloc(32), pair.getPrivateKey()])
    .subarray(-32)
    .toString('base64url');
  const key: PushKey = { publicKey, privateKey };
  return JSON.stringify(key);
}
