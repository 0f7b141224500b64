import { createECDH } from 'node:crypto';
import type { Vault } from '@chatelaine/crypto';
import { type Db, type Pool, run, runOne } from '@chatelaine/postgres';
import { z } from 'zod';
import { placeOfKeptSecret } from './session-keys.ts';
import { FIND, INSERT, REPLACE } from './sql/kept-secret.ts';

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
type Parts = { readonly pool: Pool; readonly vault: Vault };

/** Opens the key, kept sealed so that it outlives a change of ENCRYPTION_KEY; the first process makes one. */
export async function openPushKeys(parts: Parts): Promise<PushKeys> {
  await run(parts.pool, INSERT, [NAME, seal(parts.vault, newKey())]);
  let key = await read(parts);
  return {
    get current() {
      return key;
    },
    async refresh() {
      key = await read(parts);
    },
  };
}

/** A new key, which every process uses within half a minute. What browsers subscribed for the one before is void. */
export async function replacePushKey({ pool, vault }: Parts): Promise<void> {
  await run(pool, REPLACE, [NAME, seal(vault, newKey())]);
}

async function read({ pool, vault }: { pool: Db; vault: Vault }): Promise<PushKey> {
  const row = await runOne(pool, FIND, [NAME]);
  if (row === null) throw new Error('the push key was just written');
  return storedSchema.parse(JSON.parse(vault.open(row.sealed, placeOfKeptSecret(NAME))));
}

const seal = (vault: Vault, key: PushKey): Buffer => vault.seal(JSON.stringify(key), placeOfKeptSecret(NAME));

function newKey(): PushKey {
  const pair = createECDH('prime256v1');
  const publicKey = pair.generateKeys('base64url', 'uncompressed');
  // its numbers come without leading zeros
  const privateKey = Buffer.concat([Buffer.alloc(32), pair.getPrivateKey()])
    .subarray(-32)
    .toString('base64url');
  return { publicKey, privateKey };
}
