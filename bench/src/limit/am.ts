// The limit program's AM: our hops, reads, durable writes, ES256 verifications and signatures, and no logic. It checks
// the assertion and the proof (signature, audience, time, target), that both are fresh, and that the one row it reads
// belongs to this client and key and has the scope; it commits the intent before it calls the Host, and the completion
// before it answers. It has no limits, no owner's rules, no useful errors, no circuit breaker, no log, no metrics.

import crypto from 'node:crypto';
import { parse } from 'node:querystring';
import fastify from 'fastify';
import { Pool } from 'undici';
import { serve } from '../child.ts';
import { type Jwk, publicKey, randomId, readJwt, sha256, sha256url, sign, verify } from './jwt.ts';
import { openLimitPool, statement } from './statement.ts';

const { PORT = '', HOST_PORT = '', AM_KEY = '{}', ENCRYPTION_KEY = '' } = process.env;
const ISSUER = `http://127.0.0.1:${PORT}`;
const HOST = `http://127.0.0.1:${HOST_PORT}`;
const key = crypto.createPrivateKey({ key: JSON.parse(AM_KEY) as crypto.JsonWebKey, format: 'jwk' });
const encryptionKey = crypto.createSecretKey(ENCRYPTION_KEY, 'hex');
const pool = openLimitPool();
const hosts = new Pool(HOST, { connections: 64, pipelining: 1 });

const findClient = statement(
  pool,
  'client',
  'select i.n::int, c.metadata from unnest($1::text[]) with ordinality i(id, n) join client c using (id)',
);
const findSnapshot = statement(
  pool,
  'snapshot',
  `select i.n::int, s.data from unnest($1::int[], $2::bytea[]) with ordinality i(bucket, hash, n)
    join snapshot s using (bucket, hash)`,
);
const findLink = statement(
  pool,
  'link',
  'select i.n::int, l.encrypted, l.data from unnest($1::text[]) with ordinality i(id, n) join link l using (id)',
);
const begin = statement(
  pool,
  'begin',
  `with i as (select * from unnest($1::bytea[], $2::bytea[], $3::int[], $4::text[], $5::text[], $6::text[], $7::text[],
    $8::text[],
      $9::text[], $10::text[], $11::text[]) with ordinality
      i(g1, g2, bucket, id, owner_id, connection_id, link_id, client_id, resource, scopes, jkt, n)
  ), burned as (
    insert into replay select g, now() + interval '2 minutes'
      from (select g1 as g from i union all select g2 from i) guards
    order by g on conflict do nothing returning id
  ), fresh as (
    select i.n from i where exists (select from burned where id = g1) and exists (select from burned where id = g2)
  ), begun as (
    insert into transfer (bucket, id, owner_id, connection_id, link_id, client_id, resource, scopes, jkt)
    select bucket, id, owner_id, connection_id, link_id, client_id, resource, scopes, jkt from i join fresh using (n)
  ) select n::int from fresh`,
);
const complete = statement(
  pool,
  'complete',
  `update transfer t set closed_at = now(), state = 'minted'
    from unnest($1::int[], $2::text[]) with ordinality i(bucket, id, n)
  where t.bucket = i.bucket and t.id = i.id and t.state = 'intent' returning i.n::int`,
);

interface Answer {
  readonly status: number;
  readonly json: Readonly<Record<string, string>> & { readonly cnf?: { readonly jkt: string } };
}

async function ask(body: string): Promise<Answer> {
  const headers = { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' };
  const { statusCode, body: answer } = await hosts.request({ path: '/token', method: 'POST', headers, body });
  return { status: statusCode, json: (await answer.json()) as Answer['json'] };
}

const app = fastify({ logger: false });
app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) =>
  done(null, parse(String(body))),
);
app.post('/token', async (request, reply) => {
  const body = request.body as Readonly<Record<string, string>>;
  const now = Date.now() / 1000;
  const refuse = (error: string): object => {
    reply.code(400);
    return { error };
  };
  const assertion = readJwt(body['client_assertion'] ?? '');
  const { iss: clientId, aud, exp, jti } = assertion.claims;
  const client = await findClient([clientId]);
  const { jwk } = (client?.['metadata'] ?? {}) as { jwk?: Jwk };
  if (jwk === undefined || aud !== ISSUER || exp < now || !verify(assertion, publicKey(jwk).key))
    return refuse('invalid_client');
  const proof = readJwt(String(request.headers['dpop']));
  const { htm, htu, iat: proven, jti: proofId } = proof.claims;
  const dpop = publicKey(proof.header.jwk);
  if (htm !== 'POST' || htu !== `${ISSUER}/token` || Math.abs(proven - now) > 60 || !verify(proof, dpop.key))
    return refuse('invalid_dpop_proof');
  const { resource = '', scope = '' } = body;
  const snapshot = (await findSnapshot([7, sha256(body['subject_token'] ?? '')]))?.['data'] as Snapshot | undefined;
  if (snapshot?.clientId !== clientId || snapshot.jkt !== dpop.jkt || !snapshot.scopes.includes(scope))
    return refuse('invalid_request');
  const id = `tr_${randomId()}`;
  const guards = [sha256(`a|${clientId}|${jti}`), sha256(`d|${dpop.jkt}|${proofId}`)];
  const { ownerId, connectionId, linkId, grantId } = snapshot;
  if (!(await begin([...guards, 7, id, ownerId, connectionId, linkId, clientId, resource, scope, dpop.jkt])))
    return refuse('replayed');
  const link = await findLink([linkId]);
  const token = decrypt(link?.['encrypted'] as Buffer);
  const iat = Math.floor(now);
  const own = `${ISSUER}/clients/x`;
  const statement = {
    iss: ISSUER,
    sub: clientId,
    ath: sha256url(token),
    resource,
    scope,
    cnf: { jkt: dpop.jkt },
    grant_id: grantId,
    client_name: 'Measured',
  };
  const made = { aud: HOST, iat, exp: iat + 60 };
  const form = new URLSearchParams({
    grant_type: body['grant_type'] ?? '',
    subject_token: token,
    subject_token_type: body['subject_token_type'] ?? '',
    resource,
    scope,
    actor_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    actor_token: sign({ alg: 'ES256', typ: 'transfer+jwt', kid: 'k' }, { ...statement, ...made, jti: randomId() }, key),
    client_assertion_type: body['client_assertion_type'] ?? '',
    client_assertion: sign(
      { alg: 'ES256', typ: 'client-authentication+jwt', kid: 'k' },
      { iss: own, sub: own, ...made, jti: randomId() },
      key,
    ),
  });
  const { status, json } = await ask(form.toString());
  if (status !== 200 || json['token_type'] !== 'DPoP' || json.cnf?.jkt !== dpop.jkt || json['scope'] !== scope)
    return refuse('host');
  if (!(await complete([7, id]))) return refuse('stopped');
  reply.header('cache-control', 'no-store');
  return json;
});

interface Snapshot {
  readonly clientId: string;
  readonly jkt: string;
  readonly scopes: readonly string[];
  readonly ownerId: string;
  readonly connectionId: string;
  readonly linkId: string;
  readonly grantId: string;
}

function decrypt(encrypted: Buffer): string {
  const decipher = crypto.createDecipheriv('aes-256-gcm', encryptionKey, encrypted.subarray(0, 12));
  decipher.setAuthTag(encrypted.subarray(12, 28));
  return decipher.update(encrypted.subarray(28), undefined, 'utf8') + decipher.final('utf8');
}

await app.listen({ port: Number(PORT), host: '127.0.0.1' });
serve({});
