import { bucketOf } from '@chatelaine/crypto';
import { GRANT_ALIVE } from '@chatelaine/oauth-server-pg';
import { type Db, defineQuery, type Pool, run, runForRow, runOne } from '@chatelaine/postgres';
import { LIMIT } from '@chatelaine/protocol';
import type { Deps, ServedTerms } from '../deps.ts';
import { movePolicyVersion, underOwner } from '../links/owner-store.ts';
import { titleOf } from './documents.ts';
import { makeProffer, type NewProffer } from './proffer.ts';

/** An offer in force, with its answer if there is one. */
export interface CurrentProffer {
  readonly jti: string;
  readonly proffer: string;
  readonly answer: string | null;
  readonly decision: 'accepted' | 'declined' | null;
}

const CURRENT = defineQuery<{
  jti: string;
  proffer: string;
  answer: string | null;
  decision: CurrentProffer['decision'];
}>({
  name: 'terms_current_proffer',
  text: `select p.jti, p.proffer, p.answer, p.decision
    from oauth_grant g join proffer p on p.bucket = g.bucket and p.jti = g.terms
    where g.bucket = $1 and g.id = $2 and ${GRANT_ALIVE}`,
});

/** The offer in force for a connection; null if its owner proffers it no terms. */
export async function readCurrentProffer(
  pool: Pool,
  { ownerId, connectionId }: { ownerId: string; connectionId: string },
): Promise<CurrentProffer | null> {
  return runOne(pool, CURRENT, [bucketOf(ownerId), connectionId]);
}

// an answer, a fresh offer and a stop all lock the grant's row: an answer to an offer that has been superseded finds
// another jti there
const ANSWER = defineQuery<{ answered: boolean }>({
  name: 'terms_answer_proffer',
  text: `with held as materialized (
    select g.bucket, g.id, g.subject from oauth_grant g where g.bucket = $1 and g.id = $2 and g.terms = $3
      and ${GRANT_ALIVE} for share
  ), answered as (
    update proffer p set answer = $4, decision = $5, accepted = $6, signer_keys = $7, answered_at = now() from held
    where p.bucket = held.bucket and p.jti = $3 and p.connection_id = held.id and p.answer is null returning p.jti
  ), entered as (
    select timeline_append(held.subject, 'terms_answered', jsonb_build_object('connection', held.id, 'answer', $5::text,
      'terms', $8::text))
    from held, answered
  )
  select exists (select from answered) and (select count(*) from entered) = 1 as answered`,
});

export interface ProfferAnswer {
  readonly ownerId: string;
  readonly connectionId: string;
  readonly jti: string;
  /** The whole record, as the Requester signed it. */
  readonly answer: string;
  readonly decision: 'accepted' | 'declined';
  /** The name of the terms that were accepted. */
  readonly accepted: string | null;
  /** The title of the terms in the timeline. */
  readonly title: string | null;
  /** The Requester's keys, as they were read when it answered. */
  readonly signerKeys: readonly unknown[];
}

/**
 * Stores a Requester's answer to an offer in force; false if the offer has an answer already, or was superseded. Of
 * several answers at once, one is stored. PROTOCOL §10.3.
 */
export async function answerProffer(pool: Pool, input: ProfferAnswer): Promise<boolean> {
  const { ownerId, connectionId, jti, answer, decision, accepted, title, signerKeys } = input;
  const keys = JSON.stringify({ keys: signerKeys });
  const values = [bucketOf(ownerId), connectionId, jti, answer, decision, accepted, keys, title];
  return (await runForRow(pool, ANSWER, values)).answered;
}

const ABLE = defineQuery<{ id: string; client_id: string; terms: string[]; decision: CurrentProffer['decision'] }>({
  name: 'terms_able_to_sign',
  text: `select c.id, c.client_id, coalesce(p.terms, '{}') as terms, p.decision
    from connection c join oauth_grant g on g.bucket = $2 and g.id = c.id and ${GRANT_ALIVE}
      left join proffer p on p.bucket = g.bucket and p.jti = g.terms
    where c.owner_id = $1 and c.ended_at is null and c.resource is null and c.is_proven and length(c.client_id) <= $3
      and ($4::text is null or c.client_id = (select one.client_id from connection one
        where one.id = $4 and one.owner_id = $1))`,
});
const STORE_KEYS = defineQuery({
  name: 'terms_store_keys',
  text: `insert into proffer_key (kid, jwk) select kid, jwk::jsonb from unnest($1::text[], $2::text[]) as key (kid, jwk)
    on conflict (kid) do nothing`,
});
const STORE = defineQuery({
  name: 'terms_store_proffers',
  text: `insert into proffer (bucket, jti, connection_id, terms, proffer)
    select $1, jti, connection_id, terms, proffer
      from jsonb_to_recordset($2::jsonb) as fresh (jti text, connection_id text, terms text[], proffer text)`,
});
// locks in the order in which transfers are completed
const PUT_IN_FORCE = defineQuery({
  name: 'terms_put_in_force',
  text: `with held as materialized (
    select g.bucket, g.id, fresh.jti from unnest($2::text[], $3::text[]) as fresh (id, jti)
      join oauth_grant g on g.bucket = $1 and g.id = fresh.id order by g.bucket, g.id for update of g
  )
  update oauth_grant g set terms = held.jti from held where g.bucket = held.bucket and g.id = held.id`,
});
const ENTER = defineQuery({
  name: 'terms_enter_proffers',
  text: `select timeline_append($1, 'terms_proffered', jsonb_build_object('connection', fresh.id, 'terms',
    fresh.titles))
    from unnest($2::text[], $3::text[]) with ordinality as fresh (id, titles, at) order by fresh.at`,
});

/** What one connection is to be offered instead of what it is offered now; null: no change. */
export type Change = (now: {
  readonly terms: readonly string[];
  readonly decision: CurrentProffer['decision'];
}) => readonly ServedTerms[] | null;

/**
 * Puts fresh offers in force for the app of one connection, or for all apps that can sign. The policy version
 * increases, so no transfer begins under the old offers; and the row changes that a completion checks, so none
 * completes under them. Returns how many connections changed. PROTOCOL §10.4.
 */
export async function profferAnew(
  deps: Pick<Deps, 'pool' | 'config' | 'clock' | 'keys'>,
  { ownerId, appId, change }: { ownerId: string; appId: string | null; change: Change },
): Promise<number> {
  const bucket = bucketOf(ownerId);
  return underOwner(deps.pool, ownerId, async (tx) => {
    const able = await run(tx, ABLE, [ownerId, bucket, LIMIT.signerIdChars, appId]);
    const fresh: Fresh[] = [];
    for (const { id, client_id: clientId, terms, decision } of able) {
      const next = change({ terms, decision });
      if (next === null) continue;
      const made = next.length === 0 ? null : await makeProffer(deps, { connectionId: id, clientId, terms: next });
      fresh.push({ id, made, titles: next.map(titleOf).join(' or ') });
    }
    if (fresh.length === 0) return 0;
    await store(tx, { bucket, fresh });
    const ids = fresh.map(({ id }) => id);
    await run(tx, ENTER, [ownerId, ids, fresh.map(({ titles }) => titles)]);
    await movePolicyVersion(tx, ownerId);
    await run(tx, PUT_IN_FORCE, [bucket, ids, fresh.map(({ made }) => made?.jti ?? null)]);
    return fresh.length;
  });
}

/** What a connection is to be offered; `made` is null if its owner no longer proffers it any terms. */
interface Fresh {
  readonly id: string;
  readonly made: NewProffer | null;
  /** Titles for the timeline. */
  readonly titles: string;
}

async function store(tx: Db, { bucket, fresh }: { bucket: number; fresh: readonly Fresh[] }): Promise<void> {
  const offers = fresh.flatMap(({ id, made }) => (made === null ? [] : [{ id, made }]));
  const keys = [...new Map(offers.map(({ made: { key } }) => [key.kid, key.publicJwk]))];
  await run(tx, STORE_KEYS, [keys.map(([kid]) => kid), keys.map(([, jwk]) => JSON.stringify(jwk))]);
  const rows = offers.map(({ id, made: { jti, terms, text } }) => ({ jti, connection_id: id, terms, proffer: text }));
  await run(tx, STORE, [bucket, JSON.stringify(rows)]);
}

const KEYS = defineQuery<{ jwk: unknown }>({
  name: 'terms_proffer_keys',
  text: 'select jwk from proffer_key order by since, kid',
});

/** Every public key that an offer was ever signed with, oldest first. */
export async function readProfferKeys(pool: Pool): Promise<unknown[]> {
  return (await run(pool, KEYS)).map(({ jwk }) => jwk);
}
