import { describe, expect, test } from '@jest/globals';
import { openPool } from '@chatelaine/postgres';
import { openVault, rotateSigningKey } from '@chatelaine/keys';
import { Browser, eventually } from '@chatelaine/test-kit';
import { VAULT_LABEL } from '../../src/deps.ts';
import { signingKeyAad, ENCRYPTED_COLUMNS } from '../../src/encrypted-columns.ts';
import { authorizationUrlOf, connectAm, ISSUER, signUp } from '../support/world.ts';
import { world, origin } from './scene.ts';

export function connecting(): void {
  describe('what AMs read', () => {
    test('is the client document at the client id', async () => {
      const answer = await fetch(`${origin}/client`);
      expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
      expect(await answer.json()).toMatchObject({
        client_id: `${ISSUER}/client`,
        client_name: 'Lifestream',
        redirect_uris: [`${ISSUER}/callback`],
        jwks_uri: `${ISSUER}/jwks`,
        token_endpoint_auth_method: 'private_key_jwt',
      });
    });

    test('is one public key, the same from every process and after a restart', async () => {
      const twin = await world.start();
      const [one, two] = await Promise.all([fetch(`${origin}/jwks`), fetch(`${twin}/jwks`)]);
      const jwks = (await one.json()) as { keys: Record<string, unknown>[] };
      expect(jwks).toEqual(await two.json());
      expect(jwks.keys).toHaveLength(1);
      expect(jwks.keys[0]).not.toHaveProperty('d');
    });

    test('is a new key beside the old one as soon as it is made, while the old one signs', async () => {
      const watching = await world.start({ KEYS_READ_EVERY_SECONDS: '1' });
      const kids = async () =>
        ((await (await fetch(`${watching}/jwks`)).json()) as { keys: { kid: string }[] }).keys.map(({ kid }) => kid);
      const [old] = await kids();
      const pool = openPool({ url: world.database.url('lifestream'), name: 'test', max: 1 });
      const config = { encryptionKey: Buffer.alloc(32, 5), previousEncryptionKeys: [] };
      const vault = await openVault({ pool, config, label: VAULT_LABEL, columns: ENCRYPTED_COLUMNS });
      await rotateSigningKey({ pool, vault, aadOf: signingKeyAad }, 'in-turn');
      await eventually(async () => (await kids()).length === 2);
      await connectAm(world.deployment, await signUp(watching));
      const assertion = world.deployment.received
        .map(({ form }) => form.get('client_assertion'))
        .find((one) => typeof one === 'string');
      expect(JSON.parse(Buffer.from(assertion?.split('.')[0] ?? '', 'base64url').toString())).toMatchObject({
        kid: old,
      });
      await pool.end();
    });

    test('is that it is a Host, too: client document and Host metadata name each other', async () => {
      expect(await (await fetch(`${origin}/client`)).json()).toMatchObject({ chatelaine_host: ISSUER });
      const metadata = await fetch(`${origin}/.well-known/oauth-authorization-server`);
      expect(await metadata.json()).toMatchObject({ issuer: ISSUER, chatelaine_requester: `${ISSUER}/client` });
    });

    test('the process refuses to start under another encryption key', async () => {
      const wrong = Buffer.alloc(32, 6).toString('base64url');
      await expect(world.start({ ENCRYPTION_KEY: wrong })).rejects.toThrow('ENCRYPTION_KEY is not the key');
    });
  });

  describe('connecting', () => {
    test('goes by a page with a link, because a redirect after a form would be stopped', async () => {
      const browser = await signUp(origin);
      const page = await browser.submit('/connect', '/connect', { am: world.deployment.am });
      expect(page.status).toBe(200);
      expect(new URL(authorizationUrlOf(page)).origin).toBe(world.deployment.am);
      expect(page.words).toContain(world.deployment.am);
    });

    test('ends on the list of connections, with the Hosts the AM shows', async () => {
      const browser = await signUp(origin);
      const back = await connectAm(world.deployment, browser);
      expect([back.status, back.headers['location']]).toEqual([303, '/connections']);
      const page = await browser.get('/connections');
      expect(page.words).toContain(world.deployment.am);
      for (const word of ['Photos', 'Notes', 'entries.read', 'allowed']) expect(page.words).toContain(word);
    });

    test('stores nothing of it in clear', async () => {
      const browser = await signUp(origin);
      const started = await browser.submit('/connect', '/connect', { am: world.deployment.am });
      const state = world.deployment.received.find((one) => one.path === 'am /par')?.form.get('state') ?? 'none';
      const dump = async () =>
        JSON.stringify(
          await world.sql(
            `select encode(sealed, 'escape') as s, encode(state_hash, 'hex') as h, session from connect_state`,
          ),
        );
      expect(await dump()).not.toContain(state);
      await browser.get(world.deployment.agree(authorizationUrlOf(started)));
      const form = world.deployment.received.find((one) => one.form.has('code_verifier'))?.form;
      const rows = JSON.stringify(await world.sql(`select encode(sealed, 'escape') as s, c.* from connection c`));
      for (const secret of ['connection-token-', 'refresh-token-', form?.get('code_verifier') ?? 'none', '"d"'])
        expect(rows).not.toContain(secret);
      expect(rows).toContain('con_');
      expect(await world.sql(`select encode(sealed, 'escape') as s from signing_key`)).not.toEqual(
        expect.arrayContaining([{ s: expect.stringContaining('"d"') }]),
      );
    });

    test('to something that is not an AM says so in one sentence, the same for whatever is there', async () => {
      const browser = await signUp(origin);
      const texts = new Set<string>();
      for (const am of [
        'http://nobody.localhost:9',
        'http://127.0.0.1:5432',
        'http://169.254.169.254',
        world.deployment.resource('photos'),
      ]) {
        const page = await browser.submit('/connect', '/connect', { am });
        expect(page.status).toBe(400);
        texts.add(/id="am-problem"[^>]*>([^<]*)/.exec(page.text)?.[1] ?? 'no sentence');
      }
      expect([...texts]).toEqual(['No service that fits was found at this address.']);
    });

    test('cannot be started from another site or without being signed in', async () => {
      const browser = await signUp(origin);
      expect((await browser.post('/connect', { am: world.deployment.am })).status).toBe(403);
      const stranger = new Browser(origin);
      expect((await stranger.get('/connect')).headers['location']).toMatch(/^\/sign-in/);
      expect((await stranger.post('/connect', { am: world.deployment.am })).status).toBe(403);
      expect(world.deployment.received).toHaveLength(0);
    });

    test('is limited, whatever the addresses are, over all processes', async () => {
      const twins = [await world.start({ CONNECTS_PER_HOUR: '3' }), await world.start({ CONNECTS_PER_HOUR: '3' })];
      const browser = await signUp(twins[0] ?? '');
      const statuses = [];
      for (const am of ['a', 'b', 'c', 'd'])
        statuses.push((await browser.submit('/connect', '/connect', { am })).status);
      expect(statuses.slice(0, 3)).not.toContain(429);
      expect(statuses[3]).toBe(429);
    });
  });
}
