import { createCipheriv, randomBytes } from 'node:crypto';
import path from 'node:path';
import { freePorts } from '@chatelaine/constellation';
import { generateSigningKey, publicJwks, sha256 } from '@chatelaine/crypto';
import { GRANT, TOKEN_TYPE } from '@chatelaine/protocol';
import { type Child, startChild } from '../child.ts';
import { REDIRECT_URI } from '../code.ts';
import { asking, type Databases } from '../databases.ts';
import { LIMIT_AM_SCHEMA, LIMIT_HOST_SCHEMA } from '../limit/schema.ts';
import { newParty, type Prepared, prepare } from '../requests.ts';
import type { Contender } from './contest.ts';

// the programs that a transfer is compared with; each file says what it checks and commits

const SCOPE = 'entries.read';
const FORM = { grant_type: GRANT.tokenExchange, subject_token_type: TOKEN_TYPE.accessToken, scope: SCOPE };
const src = path.join(import.meta.dirname, '..');

export interface Program extends Contender {
  readonly am: Child;
  readonly host: Child;
  stop(): Promise<void>;
}

/**
 * The limit program: our hops, statements, commits and signatures, and nothing else. Batched: the statements of
 * concurrent requests are sent together.
 */
export async function startLimit(
  databases: Databases,
  { name, batched, requesters }: { name: string; batched: boolean; requesters: number },
): Promise<Program> {
  const [port = 0, hostPort = 0] = await freePorts(2);
  const [issuer, host] = [`http://127.0.0.1:${port}`, `http://127.0.0.1:${hostPort}`];
  const [amUrl, hostUrl] = [
    await databases.other('limit', LIMIT_AM_SCHEMA),
    await databases.other('limit', LIMIT_HOST_SCHEMA),
  ];
  const party = newParty('the-requester');
  const key = generateSigningKey();
  const encryptionKey = randomBytes(32);
  const subjects = Array.from({ length: requesters }, () => `lim_ct_${randomBytes(32).toString('base64url')}`);
  const link = `lim_lt_${randomBytes(32).toString('base64url')}`;
  const metadata = { jwk: party.key.publicJwk, client_name: 'Measured', redirect_uris: [REDIRECT_URI] };
  await asking(amUrl, async (db) => {
    await db.query('insert into client values ($1, $2)', [party.clientId, metadata]);
    for (const [index, subject] of subjects.entries()) {
      const answer = {
        clientId: party.clientId,
        jkt: party.dpop.kid,
        scopes: [SCOPE],
        ownerId: 'ow_1',
        linkId: 'li_1',
      };
      const ids = { connectionId: `cn_${index}`, grantId: `gr_${index}`, policyVersion: '1' };
      await db.query('insert into snapshot values (7, $1, $2)', [sha256(subject), { ...answer, ...ids }]);
    }
    await db.query('insert into link values ($1, $2, $3)', [
      'li_1',
      encrypted(encryptionKey, link),
      { issuer: host, token_endpoint: '/token' },
    ]);
  });
  await asking(hostUrl, (db) =>
    db.query(`insert into token values (7, $1, 'gr_link', null, $2, null, null, now(), now() + interval '1 day')`, [
      sha256(link),
      SCOPE,
    ]),
  );
  const env = {
    BATCHED: batched ? 'yes' : 'no',
    AM_KEY: JSON.stringify(key.privateJwk),
    ENCRYPTION_KEY: encryptionKey.toString('hex'),
  };
  const hostEnv = { ...env, DATABASE_URL: hostUrl, PORT: String(hostPort) };
  const amEnv = { ...env, DATABASE_URL: amUrl, PORT: String(port), HOST_PORT: String(hostPort) };
  const [am, hostChild] = await Promise.all([
    started({ main: 'limit/am.ts', env: amEnv }),
    started({ main: 'limit/host.ts', env: hostEnv }),
  ]);
  return {
    name,
    port,
    requests: (count) =>
      many(count, (index) => {
        const form = { ...FORM, subject_token: subjects[index % requesters] ?? '', resource: `${host}/api` };
        return prepare({ issuer, port }, party, { path: '/token', form, proof: 'with proof' });
      }),
    am,
    host: hostChild,
    stop: async () => void (await Promise.all([am.stop(), hostChild.stop()])),
  };
}

/** The same chain on oidc-provider: signed as ours is, or without any cryptography. */
export async function startOidcChain(
  databases: Databases,
  { name, signed }: { name: string; signed: boolean },
): Promise<Program> {
  const [port = 0, hostPort = 0] = await freePorts(2);
  const [issuer, host] = [`http://127.0.0.1:${port}`, `http://127.0.0.1:${hostPort}`];
  const party = newParty('the-requester');
  const key = generateSigningKey();
  const secret = randomBytes(32).toString('base64url');
  const client = (id: string, keys: Parameters<typeof publicJwks>[0]): string =>
    JSON.stringify({
      client_id: id,
      grant_types: ['authorization_code', GRANT.tokenExchange],
      redirect_uris: [REDIRECT_URI],
      response_types: ['code'],
      scope: SCOPE,
      ...(signed
        ? {
            token_endpoint_auth_method: 'private_key_jwt',
            token_endpoint_auth_signing_alg: 'ES256',
            jwks: publicJwks(keys),
          }
        : { token_endpoint_auth_method: 'client_secret_post', client_secret: secret }),
    });
  const env = { SIGNED: signed ? 'yes' : 'no', AM_KEY: JSON.stringify(key), HOST_PORT: String(hostPort) };
  const hostChild = await started({
    main: 'peers/oidc-chain.ts',
    env: {
      ...env,
      ROLE: 'host',
      PORT: String(hostPort),
      DATABASE_URL: await databases.oidc(),
      CLIENT: client('the-am', [key]),
    },
  });
  const LINK = await hostChild.call<string>('token');
  const own = { CLIENT: client(party.clientId, [party.key]), JKT: party.dpop.kid, LINK };
  const am = await started({
    main: 'peers/oidc-chain.ts',
    env: { ...env, ...own, ROLE: 'am', PORT: String(port), DATABASE_URL: await databases.oidc() },
  });
  const form = { ...FORM, subject_token: await am.call<string>('token'), resource: `${host}/api` };
  const unsigned: Prepared = {
    path: '/token',
    host: `127.0.0.1:${port}`,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ ...form, client_id: party.clientId, client_secret: secret }).toString(),
  };
  return {
    name,
    port,
    am,
    host: hostChild,
    again: !signed,
    requests: (count) =>
      signed
        ? many(count, () => prepare({ issuer, port }, party, { path: '/token', form, proof: 'with proof' }))
        : [unsigned],
    stop: async () => void (await Promise.all([am.stop(), hostChild.stop()])),
  };
}

export const many = async <T>(count: number, make: (index: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => make(index)));

interface Start {
  readonly main: string;
  readonly env: Readonly<Record<string, string>>;
}

async function started({ main, env }: Start): Promise<Child> {
  const child = startChild({ main: path.join(src, main), env: { NODE_ENV: 'production', ...env } });
  await child.ready;
  return child;
}

function encrypted(key: Buffer, text: string): Buffer {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  const body = Buffer.concat([cipher.update(text), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), body]);
}
