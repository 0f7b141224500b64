import { bucketOf } from '@chatelaine/crypto';
import { GRANT_ALIVE } from '@chatelaine/oauth-server-pg';
import { defineQuery, type Pool, run, runOne } from '@chatelaine/postgres';
import { z } from 'zod';

/** One offer of terms to a connection of an app, as its owner sees it. */
export interface PastProffer {
  readonly jti: string;
  readonly terms: readonly string[];
  readonly decision: 'accepted' | 'declined' | null;
  readonly accepted: string | null;
  readonly createdAt: Date;
  readonly answeredAt: Date | null;
  /** Whether the offer is in force. */
  readonly isCurrent: boolean;
}

interface ProfferRow {
  jti: string;
  terms: string[];
  decision: PastProffer['decision'];
  accepted: string | null;
  created_at: Date;
  answered_at: Date | null;
  is_current: boolean;
}

/**
 * How many offers of one app are shown. The Requester has the older records, too, and so does the owner if they
 * exported them.
 */
const SHOWN = 20;

// an app is a client: its offers are those to any of its connections
const OF_APP = `
  from connection c join proffer p on p.bucket = $3 and p.connection_id = c.id
    left join oauth_grant g on g.bucket = $3 and g.id = c.id and g.ended_at is null
  where c.owner_id = $2 and c.client_id = (select one.client_id from connection one
    where one.id = $1 and one.owner_id = $2)`;

const LIST = defineQuery<ProfferRow>({
  name: 'terms_of_app',
  text: `select p.jti, p.terms, p.decision, p.accepted, p.created_at, p.answered_at, g.terms is not distinct from p.jti
    as is_current ${OF_APP}
    order by p.created_at desc, p.jti limit ${SHOWN}`,
});

/** What an app of this owner was offered, newest first, with its answers; `id` is any of its connections. */
export async function readPastProffers(
  pool: Pool,
  { id, ownerId }: { id: string; ownerId: string },
): Promise<PastProffer[]> {
  const rows = await run(pool, LIST, [id, ownerId, bucketOf(ownerId)]);
  return rows.map(({ jti, terms, decision, accepted, created_at, answered_at, is_current }) => ({
    jti,
    terms,
    decision,
    accepted,
    createdAt: created_at,
    answeredAt: answered_at,
    isCurrent: is_current,
  }));
}

const RECORD = defineQuery<{ answer: string; client_id: string; signer_keys: unknown }>({
  name: 'terms_record',
  text: `select p.answer, c.client_id, p.signer_keys ${OF_APP} and p.jti = $4 and p.answer is not null`,
});
const signerKeysSchema = z.object({ keys: z.array(z.unknown()) });

/**
 * A signed record of this owner's, with the Requester's keys as they were read when it signed; null if there is none.
 */
export async function readRecord(
  pool: Pool,
  { id, ownerId, jti }: { id: string; ownerId: string; jti: string },
): Promise<{ readonly answer: string; readonly clientId: string; readonly signerKeys: readonly unknown[] } | null> {
  const row = await runOne(pool, RECORD, [id, ownerId, bucketOf(ownerId), jti]);
  if (row === null) return null;
  return { answer: row.answer, clientId: row.client_id, signerKeys: signerKeysSchema.parse(row.signer_keys).keys };
}

const IN_USE = defineQuery<{ name: string; clients: string[] }>({
  name: 'terms_in_use',
  text: `select t.name, array_agg(distinct g.client_id) as clients
    from oauth_grant g join proffer p on p.bucket = g.bucket and p.jti = g.terms, unnest(p.terms) as t (name)
    where g.bucket = $2 and g.subject = $1 and ${GRANT_ALIVE} group by t.name order by t.name`,
});

/** For each document, the client ids of the owner's apps that it is offered to now. */
export function readTermsInUse(pool: Pool, ownerId: string): Promise<{ name: string; clients: string[] }[]> {
  return run(pool, IN_USE, [ownerId, bucketOf(ownerId)]);
}
