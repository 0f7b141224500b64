import { generateSigningKey, type SigningKey, signingKeyOf, type Vault } from '@chatelaine/crypto';
import type { SigningKeys } from './deps.ts';
import type { PrismaClient } from './generated/prisma/client.ts';

/** Any number that no other advisory lock of this database uses. */
const LOCK = 4_823_001;

/**
 * The AM's signing keys; the first process makes one, and processes starting together wait for it, so that all sign with the same.
 *
 * @throws VaultError when the stored key does not open: the ENCRYPTION_KEY is another one than it was sealed with
 */
export async function loadSigningKeys({ prisma, vault }: { prisma: PrismaClient; vault: Vault }): Promise<SigningKeys> {
  const stored = await prisma.$transaction(async (tx) => {
    await tx.$executeRaw`select pg_advisory_xact_lock(${LOCK})`;
    const known = await tx.signingKey.findMany({
      where: { retiredAt: null },
      orderBy: [{ createdAt: 'desc' }, { kid: 'asc' }],
    });
    if (known.length > 0) return known;
    const fresh = generateSigningKey();
    const sealed = Uint8Array.from(vault.seal(JSON.stringify(fresh.privateJwk), placeOf(fresh.kid)));
    return [await tx.signingKey.create({ data: { kid: fresh.kid, alg: fresh.alg, sealed } })];
  });
  const all = stored.map(({ kid, sealed }): SigningKey => signingKeyOf(JSON.parse(vault.open(sealed, placeOf(kid)))));
  const [current] = all;
  if (current === undefined) throw new Error('there is no signing key');
  return { current, all };
}

const placeOf = (kid: string): string => `signing_key|${kid}`;
