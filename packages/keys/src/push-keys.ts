import { createECDH } from 'node:crypto';
import { z } from 'zod';
import { keepSecret, type KeptIn, knownSecret, replaceSecret } from './kept-secret.ts';

/** What a service shows push services that a message is its own (VAPID, RFC 8292): P-256, both halves in base64url. */
export interface PushKey {
  /** The uncompressed point: browsers subscribe for this key alone. */
  readonly publicKey: string;
  readonly privateKey: string;
}

/** Follows what is stored, once {@link PushKeys.refresh} is called now and then. */
export interface PushKeys {
  readonly current: PushKey;
  /** Reads the key again; on failure the one known stays. */
  refresh(): Promise<void>;
}

const NAME = 'push_key';
const storedSchema = z.object({ publicKey: z.string(), privateKey: z.string() });

/** Opens the key, kept sealed so that it outlives a change of ENCRYPTION_KEY; the first process makes one. */
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

/** A new key, which every process uses within half a minute. What browsers subscribed for the one before is void. */
export async function replacePushKey(parts: KeptIn): Promise<void> {
  await replaceSecret(parts, NAME, newKey());
}

const read = (secret: string): PushKey => storedSchema.parse(JSON.parse(secret));

function newKey(): string {
  const pair = createECDH('prime256v1');
  const publicKey = pair.generateKeys('base64url', 'uncompressed');
  // its numbers come without leading zeros
  const privateKey = Buffer.concat([Buffer.alloc(32), pair.getPrivateKey()])
    .subarray(-32)
    .toString('base64url');
  const key: PushKey = { publicKey, privateKey };
  return JSON.stringify(key);
}
