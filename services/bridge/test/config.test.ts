import { generateKeyPairSync, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createVault } from '@chatelaine/crypto';
import { expect, test } from '@jest/globals';
import { openServices } from '../src/app.ts';
import { readConfig } from '../src/config.ts';
import { ENCRYPTED_COLUMNS } from '../src/encrypted-columns.ts';
import { decryptCredential, credentialAad, encryptCredential } from '../src/upstream/credential.ts';

const good = {
  ISSUER: 'https://bridge.example',
  PORT: '4820',
  DATABASE_URL: 'postgresql://bridge@127.0.0.1/x',
  ENCRYPTION_KEY: Buffer.alloc(32, 1).toString('base64url'),
};

test('a good environment is read, with its defaults', () => {
  const config = readConfig(good);
  expect(config).toMatchObject({ name: 'Bridge', definitions: null, answerBytes: 268_435_456, answerSeconds: 300 });
  expect(config.clients.size).toBe(0);
  const clients = '{"github": {"id": "an id", "secret": "a secret"}}';
  expect(readConfig({ ...good, CLIENTS: clients }).clients.get('github')).toEqual({ id: 'an id', secret: 'a secret' });
});

test.each([
  '[]',
  '{',
  '{"github": "id"}',
  '{"github": {"id": "x"}}',
  '{"github": {"id": "x", "secret": "y", "more": 1}}',
  '{"github": {"id": 1, "secret": "a secret"}}',
  '{"github": {"id": "x", "secret": "a secret", "more": "a secret"}}',
])('CLIENTS that are none are refused without a secret of them: %s', (CLIENTS) => {
  expect(() => readConfig({ ...good, CLIENTS })).toThrow(
    /^CLIENTS (must be JSON|is not of the right shape)((?!a secret).)*$/,
  );
});

test('definitions of an operator stand beside those that come with the bridge, and in their row', async () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'definitions-'));
  const github = fs.readFileSync(path.join(import.meta.dirname, '..', 'services', 'github.yaml'), 'utf8');
  fs.writeFileSync(path.join(folder, 'github.yaml'), github.replace('title: GitHub', 'title: Our GitHub'));
  fs.writeFileSync(path.join(folder, 'forge.yaml'), github.replace('title: GitHub', 'title: Forge'));
  const clients = new Map([['forge', { id: 'x', secret: 'y' }]]);
  const titles = (await openServices({ definitions: folder, clients })).map(({ title }) => title);
  expect(titles).toEqual(expect.arrayContaining(['Our GitHub', 'Forge', 'Tumblr']));
  expect(titles).not.toContain('GitHub');
  fs.writeFileSync(path.join(folder, 'bad.yaml'), 'title: Bad\n');
  await expect(openServices({ definitions: folder, clients })).rejects.toThrow(/bad\.yaml:1: /);
  fs.rmSync(folder, { recursive: true });
});

test('a client id for no service, or none at all, is refused at the start', async () => {
  const clients = new Map([['forge', { id: 'x', secret: 'y' }]]);
  await expect(openServices({ definitions: null, clients })).rejects.toThrow(
    'CLIENTS names forge, of which there is no definition.',
  );
  await expect(openServices({ definitions: null, clients: new Map() })).rejects.toThrow('CLIENTS has no client id');
});

test('a service that signs with RSA-SHA1 needs a private key, and is refused at the start without one', async () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'definitions-'));
  const discogs = fs.readFileSync(path.join(import.meta.dirname, '..', 'services', 'discogs.yaml'), 'utf8');
  fs.writeFileSync(path.join(folder, 'records.yaml'), discogs.replace('HMAC-SHA1', 'RSA-SHA1'));
  const open = (secret: string) =>
    openServices({ definitions: folder, clients: new Map([['records', { id: 'x', secret }]]) });
  await expect(open('no key')).rejects.toThrow('CLIENTS needs a private key (PEM) as the secret of records');
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const services = await open(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
  expect(services.map(({ id }) => id)).toContain('records');
  fs.rmSync(folder, { recursive: true });
});

test('an encrypted credential can be decrypted for its own row and for no other', () => {
  const vault = createVault(randomBytes(32));
  const row = { id: 'acc_1', owner: 'ada', service: 'github', origin: 'https://api.github.com' };
  const encrypted = encryptCredential(vault, row, { version: '2.0', accessToken: 'a', refreshToken: null });
  expect(decryptCredential(vault, row, encrypted)).toEqual({ version: '2.0', accessToken: 'a', refreshToken: null });
  for (const other of [{ id: 'acc_2' }, { owner: 'bob' }, { service: 'gitlab' }, { origin: 'https://evil.example' }])
    expect(() => decryptCredential(vault, { ...row, ...other }, encrypted)).toThrow();
});

test('a change of ENCRYPTION_KEY finds a credential with the AAD that it was encrypted with', () => {
  const row = { id: 'acc_1', owner: 'ada', service: 'github', origin: 'https://api.github.com' };
  const listed = ENCRYPTED_COLUMNS.find(({ table }) => table === 'service_account');
  expect(listed?.aad(row)).toBe(credentialAad(row));
});
