import { randomBytes } from 'node:crypto';
import { openVault, replaceSigningKey } from '@chatelaine/keys';
import { eventually } from '@chatelaine/test-kit';
import { describe, expect, test } from '@jest/globals';
import { openResources, VAULT_LABEL } from '../../src/resources.ts';
import { signingKeyAad, ENCRYPTED_COLUMNS } from '../../src/encrypted-columns.ts';
import type { Am } from '../support/am-process.ts';
import { repeatRequests as keepAsking } from '../support/operator.ts';
import { gate } from '../support/scripted-host.ts';
import { ask, chatelaine, deployment, get, story } from './scene.ts';

/** Keys that are replaced while transfers run. */
export function keyRotation(): void {
  /** Repeats transfers on several processes until `end` is called. */
  const startTransfers = (ams: readonly Am[]) => keepAsking(() => ams.map((am) => ask(story, am)));

  /** The `kid` in the header of a JWT. */
  const kidOf = (jwt: string | null): string =>
    (JSON.parse(Buffer.from(jwt?.split('.')[0] ?? '', 'base64url').toString()) as { kid: string }).kid;

  describe('F17 keys are replaced while transfers run', () => {
    const kidsAt = async (am: Am) => ((await get(am, '/jwks')).json['keys'] as { kid: string }[]).map(({ kid }) => kid);

    test('J13 a signing key: every process publishes the new one before any uses it; no transfer fails', async () => {
      const [old] = await kidsAt(deployment.ams[0]);
      const run = startTransfers(deployment.ams);
      const vault = await openVault({
        pool: deployment.pool,
        config: deployment.config,
        label: VAULT_LABEL,
        columns: ENCRYPTED_COLUMNS,
      });
      const keys = { pool: deployment.pool, vault, aadOf: signingKeyAad };
      const { kid, signsFrom } = await replaceSigningKey(keys, { secondsUntilUse: 600, secondsKept: 3600 });
      await eventually(async () => (await Promise.all(deployment.ams.map(kidsAt))).every((kids) => kids.includes(kid)));
      expect(Date.now()).toBeLessThan(signsFrom.getTime());
      // as a Host's cache would have done by then
      deployment.host.trust({ issuer: deployment.issuer, jwks: (await get(deployment.ams[0], '/jwks')).json });
      const signedBy = () =>
        new Set(deployment.host.hops.splice(0).map(({ form }) => kidOf(form.get('client_assertion'))));
      expect(signedBy()).toEqual(new Set([old]));
      // as if the ten minutes before a new key is used were over
      await deployment.rows(`update signing_key set use_from = now() where kid = $1`, [kid]);
      await eventually(() => {
        const kids = signedBy();
        return kids.size === 1 && kids.has(kid);
      });
      expect((await run.end()).failures).toEqual([]);
      expect(await kidsAt(deployment.ams[1])).toEqual([kid, old]);
      expect(deployment.host.faults).toEqual([]);
      deployment.host.trust({
        issuer: deployment.issuer,
        jwks: { keys: (await get(deployment.ams[0], '/jwks')).json['keys'] },
      });
      expect((await ask(story)).status).toBe(200); // signed with the new key
    });

    test('E5 a new encryption key: known everywhere, then used, all encrypted again, the old one removed', async () => {
      const fresh = randomBytes(32);
      const { encryptionKey: old } = deployment.config;
      const knows = await deployment.another({ config: { previousEncryptionKeys: [fresh] } });
      const encrypts = await deployment.another({ config: { encryptionKey: fresh, previousEncryptionKeys: [old] } });
      const renewed = () => deployment.rows(`update link set access_expires_at = now() where id = $1`, [story.linkId]);
      const rotate = () =>
        chatelaine('rotate-keys encryption', { encryptionKey: fresh, previousEncryptionKeys: [old] });
      // a refresh is under way while the link's tokens are encrypted again
      const reencrypted = gate();
      const asked = deployment.host.refreshes.length;
      deployment.host.script = { refresh: async (_call, renew) => ({ json: await reencrypted.opened.then(renew) }) };
      await renewed();
      const rollout = startTransfers([knows, encrypts]); // each encrypts with another key, and decrypts with both
      await eventually(async () => deployment.host.refreshes.length > asked);
      await rotate(); // too early, and harmless
      reencrypted.open();
      expect((await rollout.end()).failures).toEqual([]);
      deployment.host.reset();
      const run = startTransfers([encrypts]);
      await renewed();
      const said = await rotate();
      expect((await run.end()).failures).toEqual([]);
      expect([said.code, said.lines[1]]).toEqual([0, '0 are left that were encrypted with another key.']);
      const alone = await deployment.another({ config: { encryptionKey: fresh } });
      await renewed();
      expect((await ask(story, alone)).status).toBe(200);
      // restores the deployment's key for the other tests
      expect((await chatelaine('rotate-keys encryption', { previousEncryptionKeys: [fresh] })).code).toBe(0);
    });

    test('E6 with a key that is not the right one nothing starts, and one sentence says why', async () => {
      await expect(openResources({ ...deployment.config, encryptionKey: randomBytes(32) })).rejects.toMatchObject({
        name: 'ConfigError',
        problems: [expect.stringMatching(/^ENCRYPTION_KEY is not the key that this database was encrypted with/)],
      });
      expect((await chatelaine('rotate-keys signing', { encryptionKey: randomBytes(32) })).code).toBe(78);
    });

    test('every encrypted column of the schema is encrypted again', async () => {
      const encrypted = await deployment.rows<{ place: string }>(
        `select table_name || '.' || column_name as place from information_schema.columns
         where table_schema = current_schema() and data_type = 'bytea'
           and table_name !~ '^(oauth_|session$|encryption_key$)'
           and column_name !~ '(^|_)hash$|^public_key$|^(digest|macs?|previous|picture)$' order by place`,
      );
      expect(encrypted.map(({ place }) => place)).toEqual(
        ENCRYPTED_COLUMNS.filter(({ part }) => part === undefined)
          .map(({ table, column }) => `${table}.${column}`)
          .toSorted(),
      );
    });
  });
}
