import type { Vault } from '@chatelaine/crypto';
import { applyMigrations } from '@chatelaine/migrations';
import { reseal, type SealedPlace } from '../keys/sealed-places.ts';
import { replaceSessionKeys } from '../keys/session-keys.ts';
import { rotateSigningKey } from '../keys/signing-keys.ts';
import type { Pool } from '../postgres/pool.ts';
import { type Command, UsageError } from './run-cli.ts';

/** What the commands about keys work on; made when one of them runs, and closed after. */
export interface KeyParts {
  readonly pool: Pool;
  readonly vault: Vault;
  readonly places: readonly SealedPlace[];
  /** Null: the service has no signing keys. */
  readonly placeOfSigningKey: ((kid: string) => string) | null;
}

/** `migrate`: brings the database up to date, as every start does. */
export function migrateCommand(open: () => { databaseUrl: string; dirs: readonly string[] }): Command {
  return {
    usage: '',
    says: 'brings the database up to date, as every start does',
    async run(args) {
      if (args.length > 0) throw new UsageError('migrate takes nothing more.');
      const { databaseUrl, dirs } = open();
      const applied = await applyMigrations(databaseUrl, [...dirs]);
      if (applied.length === 0) return { lines: ['The database is up to date.'] };
      return { lines: applied.map((name) => `Applied ${name}.`) };
    },
  };
}

/** `rotate-keys`: replaces what the service signs and seals with, while it serves. */
export function rotateKeysCommand(using: <T>(work: (parts: KeyParts) => Promise<T>) => Promise<T>): Command {
  return {
    usage: 'signing [--at-once] | encryption | sessions',
    says: 'replaces keys while the service serves (docs/operations.md says in which order)',
    run(args) {
      const [which, ...flags] = args;
      const atOnce = flags.length === 1 && flags[0] === '--at-once';
      if (which === 'signing' && (flags.length === 0 || atOnce))
        return using((parts) => signing(parts, atOnce ? 'at-once' : 'in-turn'));
      if (which === 'encryption' && flags.length === 0) return using(encryption);
      if (which === 'sessions' && flags.length === 0) return using(sessions);
      throw new UsageError('Say which keys: signing, encryption or sessions.');
    },
  };
}

async function signing({ pool, vault, placeOfSigningKey: placeOf }: KeyParts, how: 'in-turn' | 'at-once') {
  if (placeOf === null) throw new UsageError('This service signs nothing.');
  const { kid, signsFrom, replaced } = await rotateSigningKey({ pool, vault, placeOf }, how);
  const until = replaced.map((old) => `${old.kid} is published until ${old.publishedUntil.toISOString()}.`);
  const lines = [`${kid} is published now and signs from ${signsFrom.toISOString()}.`, ...until];
  return {
    lines: how === 'in-turn' ? lines : [...lines, 'Until caches have it, others may refuse us: five minutes at most.'],
  };
}

async function encryption({ pool, vault, places }: KeyParts) {
  const { resealed, left, unreadable } = await reseal({ pool, vault }, places);
  const lines = [
    `${resealed} secrets were sealed anew with ENCRYPTION_KEY.`,
    `${left} are left that another key sealed.`,
  ];
  if (unreadable > 0) lines.push(`${unreadable} of them open with no key that is configured.`);
  if (left === 0) lines.push('In ten minutes the keys in ENCRYPTION_KEY_PREVIOUS may be taken out.');
  return left === 0 ? { lines } : { lines, verdict: 'wrong' as const };
}

async function sessions({ pool, vault }: KeyParts) {
  await replaceSessionKeys({ pool, vault });
  return { lines: ['Start every process of the service again: everybody is signed out then.'] };
}
