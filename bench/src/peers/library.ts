import { randomBytes } from 'node:crypto';
import { parse } from 'node:querystring';
import { challengeOf, createVerifier, type Jwks, unverifiedIssuer, verifyJwt, systemClock } from '@chatelaine/crypto';
import { JWT_TYP, LIFETIME } from '@chatelaine/protocol';

import fastify, { type FastifyInstance } from 'fastify';
import pg from 'pg';
import { CODE_SECONDS, type Code, POOL_SIZE, REDIRECT_URI, SCOPE } from '../code.ts';

// What the servers built on a library have in common: their tables and their clients' authentication. Neither library
// has private_key_jwt, so their hook for a secret gets the assertion and checks it as ours does, and a durable row
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

const findClient = query<{ jwks: Jwks }>('client', 'select id, jwks from client where id = $1');
const remember = query(
  'replay',
  'insert into replay (id, expires_at) values ($1, to_timestamp($2)) on conflict do nothing returning id',
);

/** Whether this client exists and, if an assertion is given, whether it is the client's and fresh. */
export async function isClient(id: string, assertion: string | null): Promise<boolean> {
  const client = await findClient(id);
  if (client === undefined || assertion === null) return client !== undefined;
  const checked = await verifyJwt({
    token: assertion,
    typ: [JWT_TYP.clientAssertion, 'JWT', undefined],
    keys: client.jwks,
    clock: systemClock,
    issuer: id,
    subject: id,
    audience: ISSUER,
    maxLifetimeSeconds: LIFETIME.statement,
  });
  if (checked.kind === 'invalid') return false;
  return (await remember(`${id}|${checked.claims.jti}`, checked.claims.exp + 60)) !== undefined;
}

export const register = async (input: unknown): Promise<void> => {
  const { client_id: id, jwks } = input as { client_id: string; jwks: Jwks };
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
    done(null, { ...form, client_id: unverifiedIssuer(assertion) ?? '', client_secret: assertion });
  });
  return app;
}
