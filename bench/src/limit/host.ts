// The limit program's Host: it checks the assertion and the statement (signature, audience, time, subject), that both
// are fresh, and that the link's token is valid and has the scope; it commits the token before it answers. It knows the
// AM's key beforehand, as our Host has it cached.

import crypto from 'node:crypto';
import { parse } from 'node:querystring';
import fastify from 'fastify';
import { serve } from '../child.ts';
import { randomId, readJwt, sha256, sha256url, verify } from './jwt.ts';
import { openLimitPool, statement } from './statement.ts';

const { PORT = '', AM_KEY = '{}' } = process.env;
const ISSUER = `http://127.0.0.1:${PORT}`;
const amKey = crypto.createPublicKey({ key: JSON.parse(AM_KEY) as crypto.JsonWebKey, format: 'jwk' });
const pool = openLimitPool();

const findToken = statement(
  pool,
  'token',
  `select i.n::int, t.grant_id, t.scope from unnest($1::int[], $2::bytea[]) with ordinality i(bucket, hash, n)
  join token t using (bucket, hash) where t.expires_at > now()`,
);
const mint = statement(
  pool,
  'mint',
  `with i as (select * from unnest($1::bytea[], $2::bytea[], $3::int[], $4::bytea[], $5::text[], $6::text[], $7::text[],
    $8::text[],
      $9::text[], $10::text[], $11::text[]) with ordinality
      i(g1, g2, bucket, hash, grant_id, jkt, scope, audience, client_id, transfer_grant_id, act_sub, n)
  ), burned as (
    insert into replay select g, now() + interval '2 minutes'
      from (select g1 as g from i union all select g2 from i) guards
    order by g on conflict do nothing returning id
  ), fresh as (
    select i.* from i where exists (select from burned where id = g1) and exists (select from burned where id = g2)
  ), granted as (
    insert into transfer_grant as tg (client_id, id, bucket, grant_id, act_sub, last_minted_at)
    select distinct on (client_id, transfer_grant_id) client_id, transfer_grant_id, bucket, grant_id, act_sub, now()
      from fresh order by 1, 2
    on conflict (client_id, id) do update set last_minted_at = excluded.last_minted_at
  ), minted as (
    insert into token (bucket, hash, grant_id, jkt, scope, audience, transfer_grant_id, expires_at)
    select bucket, hash, grant_id, jkt, scope, audience, transfer_grant_id, now() + interval '5 minutes' from fresh
  ) select n::int from fresh`,
);

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
  const { scope = '', resource = '', subject_token: subject = '' } = body;
  const assertion = readJwt(body['client_assertion'] ?? '');
  const { iss, aud, exp, jti } = assertion.claims;
  if (aud !== ISSUER || exp < now || !verify(assertion, amKey)) return refuse('invalid_client');
  const actor = readJwt(body['actor_token'] ?? '');
  const said = actor.claims as unknown as Statement;
  if (said.aud !== ISSUER || said.exp < now || said.ath !== sha256url(subject) || said.scope !== scope)
    return refuse('statement');
  if (said.resource !== resource || !verify(actor, amKey)) return refuse('statement');
  const link = await findToken([7, sha256(subject)]);
  if (!String(link?.['scope']).includes(scope)) return refuse('invalid_request');
  const token = `lim_at_${randomId(32)}`;
  const { jkt } = said.cnf;
  const guards = [sha256(`a|${iss}|${jti}`), sha256(`s|${iss}|${said.jti}`)];
  if (
    !(await mint([...guards, 7, sha256(token), link?.['grant_id'], jkt, scope, resource, iss, said.grant_id, said.sub]))
  )
    return refuse('replayed');
  reply.header('cache-control', 'no-store');
  return {
    access_token: token,
    issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    token_type: 'DPoP',
    expires_in: 299,
    scope,
    resource,
    cnf: { jkt },
    iss: ISSUER,
  };
});

interface Statement {
  readonly sub: string;
  readonly aud: string;
  readonly exp: number;
  readonly jti: string;
  readonly ath: string;
  readonly scope: string;
  readonly resource: string;
  readonly grant_id: string;
  readonly cnf: { readonly jkt: string };
}

await app.listen({ port: Number(PORT), host: '127.0.0.1' });
serve({});
