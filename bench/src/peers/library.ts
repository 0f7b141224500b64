import { randomBytes } from 'node:crypto';
import { parse } from 'node:querystring';
import { challengeOf, createVerifier } from '@chatelaine/crypto';
import fastify, { type FastifyInstance } from 'fastify';
import { createLocalJWKSet, decodeJwt, errors, type JSONWebKeySet, jwtVerify } from 'jose';
import pg from 'pg';
import { CODE_SECONDS, type Code, POOL_SIZE, REDIRECT_URI, SCOPE } from '../code.ts';

// What the servers built on a library have in common: their tables and their clients' authentication. Neither library
// has private_key_jwt, so their hook for a secret gets the assertion and checks it with jose, and a durable row
// remembers its jti. Neither has DPoP: their tokens are bearer tokens, and no proof is checked. What the library writes
// about a token is one row, as durable as ours.

const { DATABASE_URL = '', ISSUER = '' } = process.env;
export const pool = new pg.Pool({ connectionString: DATABASE_URL, max: POOL_SIZE });

export interface TokenRow {
  readonly access_token: string;
  readonly access_expires: Date;
  readonly refresh_token: string | null;
  readonly refresh_expires: Date | null;
  readonly client_id: string;
  readonly user_id: string;
  readonly scope: string[];
}

export interface CodeRow {
  readonly code: string;
  readonly expires: Date;
  readonly redirect_uri: string;
  readonly scope: string[];
  readonly client_id: string;
  readonly user_id: string;
  readonly challenge: string;
}

/** A prepared statement that returns at most one row. */
export const query =
  <Row extends object>(name: string, text: string) =>
  async (...values: unknown[]): Promise<Row | undefined> =>
    (await pool.query<Row>({ name, text, values })).rows[0];

const findClient = query<{ jwks: JSONWebKeySet }>('client', 'select id, jwks from client where id = $1');
const remember = query(
  'replay',
  'insert into replay (id, expires_at) values ($1, to_timestamp($2)) on conflict do nothing returning id',
);

/** Imported keys, by client and what is stored about it. */
const imported = new Map<string, ReturnType<typeof createLocalJWKSet>>();

function keysOf(id: string, jwks: JSONWebKeySet): ReturnType<typeof createLocalJWKSet> {
  const name = `${id} ${JSON.stringify(jwks)}`;
  const known = imported.get(name);
  if (known !== undefined) return known;
  const keys = createLocalJWKSet(jwks);
  imported.set(name, keys);
  return keys;
}

/** Whether this client exists and, if an assertion is given, whether it is the client's and fresh. */
export async function isClient(id: string, assertion: string | null): Promise<boolean> {
  const client = await findClient(id);
  if (client === undefined || assertion === null) return client !== undefined;
  try {
    const { payload } = await jwtVerify(assertion, keysOf(id, client.jwks), {
      algorithms: ['ES256'],
      issuer: id,
      subject: id,
      audience: ISSUER,
      maxTokenAge: '60s',
      requiredClaims: ['exp', 'jti'],
    });
    return (await remember(`${id}|${payload.jti}`, (payload.exp ?? 0) + 60)) !== undefined;
  } catch (error) {
    if (error instanceof errors.JOSEError) return false;
    throw error;
  }
}

export const register = async (input: unknown): Promise<void> => {
  const { client_id: id, jwks } = input as { client_id: string; jwks: JSONWebKeySet };
  await pool.query('insert into client values ($1, $2)', [id, jwks]);
};

export const randomToken = (): string => randomBytes(32).toString('base64url');

/** Codes as an owner's consent would have left them. */
export async function makeCodes(input: unknown): Promise<Code[]> {
  const { count, clientId } = input as { count: number; clientId: string };
  const codes = Array.from({ length: count }, (): Code => ({ code: randomToken(), verifier: createVerifier() }));
  await pool.query(
    `insert into code select c, now() + $5 * interval '1 second', $3, array[$4], $1, 'u1', h, 'S256'
      from unnest($2::text[], $6::text[]) as of (c, h)`,
    [
      clientId,
      codes.map(({ code }) => code),
      REDIRECT_URI,
      SCOPE,
      CODE_SECONDS,
      codes.map(({ verifier }) => challengeOf(verifier)),
    ],
  );
  return codes;
}

/** Refresh tokens that have not been used yet. */
export async function makeRefreshTokens(input: unknown): Promise<string[]> {
  const { count, clientId } = input as { count: number; clientId: string };
  const tokens = Array.from({ length: count }, randomToken);
  await pool.query(
    `insert into token select 'at-' || t, now() + interval '1 hour', t, now() + interval '90 days', $1, 'u1', array[$3]
      from unnest($2::text[]) t`,
    [clientId, tokens, SCOPE],
  );
  return tokens;
}

type Form = Record<string, string>;

/** A server whose forms have the assertion where the library looks for a secret. */
export function openServer(): FastifyInstance {
  const app = fastify();
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, text, done) => {
    const { client_assertion: assertion = '', client_assertion_type: _type, ...form } = parse(String(text)) as Form;
    done(null, { ...form, client_id: decodeJwt(assertion).iss ?? '', client_secret: assertion });
  });
  return app;
}
