import { generateSigningKey, type SigningKey, signingKeyOf, type Vault } from '@chatelaine/crypto';
import { inTransaction, type Pool, query, queryOne, statement } from '@chatelaine/service-kit';

interface Row {
  kid: string;
  sealed: Buffer;
}

const LOCK = statement({ name: 'signing_key.lock', text: `select pg_advisory_xact_lock(hashtext('signing_key'))` });
const FIND = statement<Row>({
  name: 'signing_key.find',
  text: 'select kid, sealed from signing_key order by created_at desc limit 1',
});
const INSERT = statement({ name: 'signing_key.insert', text: 'insert into signing_key (kid, sealed) values ($1, $2)' });

/**
 * The key that authenticates this Requester, made at the first start. Replicas that start together wait for each other and get the same one.
 *
 * @throws VaultError when it was sealed under another ENCRYPTION_KEY
 */
export async function loadSigningKey({ pool, vault }: { pool: Pool; vault: Vault }): Promise<SigningKey> {
  const row = await inTransaction(pool, async (tx) => {
    await query(tx, LOCK);
    const known = await queryOne(tx, FIND);
    if (known !== null) return known;
    const key = generateSigningKey('ES256');
    const made = { kid: key.kid, sealed: vault.seal(JSON.stringify(key.privateJwk), aadOf(key.kid)) };
    await query(tx, INSERT, [made.kid, made.sealed]);
    return made;
  });
  return signingKeyOf(JSON.parse(vault.open(row.sealed, aadOf(row.kid))));
}

const aadOf = (kid: string): string => JSON.stringify(['signing_key', kid]);
