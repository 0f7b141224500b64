import { type ServerMetadata, serverMetadataSchema } from '@chatelaine/protocol';
import { query, queryOne, statement } from '@chatelaine/service-kit';
import type { Deps } from '../deps.ts';

type Db = Pick<Deps, 'pool'>;

/** How long a Host is tried before the owner is told that it never answered. */
const GIVE_UP_AFTER = '7 days';

/** Something a Host has yet to be told. */
export interface DueRevocation {
  readonly id: string;
  readonly ownerId: string;
  readonly linkId: string;
  /** The connection's grant at the Host; null: the whole link. */
  readonly grantId: string | null;
  readonly server: ServerMetadata;
  /** The link's, sealed. */
  readonly refreshToken: Buffer | null;
}

interface DueRow {
  id: string;
  owner_id: string;
  link_id: string;
  grant_id: string | null;
  metadata: unknown;
  refresh_token: Buffer | null;
}

const READ = statement<DueRow>({
  name: 'jobs_read_revocation',
  text: `
    select r.id, r.owner_id, r.link_id, r.grant_id, h.metadata, l.refresh_token
    from revocation r join host h on h.id = r.host_id join link l on l.id = r.link_id and l.owner_id = r.owner_id
    where r.id = $1 and r.state = 'pending'`,
});

/** A revocation that is still due, or null. */
export async function readDue({ pool }: Db, id: string): Promise<DueRevocation | null> {
  const row = await queryOne(pool, READ, [id]);
  if (row === null) return null;
  return {
    id: row.id,
    ownerId: row.owner_id,
    linkId: row.link_id,
    grantId: row.grant_id,
    server: serverMetadataSchema.parse(row.metadata),
    refreshToken: row.refresh_token,
  };
}

const CONFIRM = statement({
  name: 'jobs_confirm_revocation',
  text: `
    with confirmed as (
      update revocation set state = 'confirmed', confirmed_at = now(), tried_at = now(), attempts = attempts + 1, last_error = null
      where id = $1 and state = 'pending' returning owner_id, link_id, host_id, connection_id, grant_id
    ), forgotten as (
      update link l set access_token = null, access_expires_at = null, refresh_token = null
      from confirmed c where c.grant_id is null and l.id = c.link_id and l.state = 'ended'
    )
    select timeline_append(c.owner_id, 'host_confirmed', jsonb_build_object('link', c.link_id, 'host', c.host_id, 'connection', c.connection_id))
    from confirmed c`,
});

/** The Host said that nothing is alive; of an ended link nothing is kept that could be used. */
export async function confirmRevocation({ pool }: Db, id: string): Promise<void> {
  await query(pool, CONFIRM, [id]);
}

const NOTE = statement<{ state: 'pending' | 'failed' }>({
  name: 'jobs_note_revocation_attempt',
  text: `
    with noted as (
      update revocation set attempts = attempts + 1, tried_at = now(), last_error = $2, state = case when created_at < now() - interval '${GIVE_UP_AFTER}' then 'failed' else state end
      where id = $1 and state = 'pending' returning owner_id, link_id, host_id, connection_id, state
    ), told as (
      select timeline_append(n.owner_id, 'host_not_told', jsonb_build_object('link', n.link_id, 'host', n.host_id, 'connection', n.connection_id))
      from noted n where n.state = 'failed'
    )
    select n.state, (select count(*) from told) from noted n`,
});

/** Notes an attempt that failed. `done`: it was given up, or settled by another. */
export async function noteAttempt(
  { pool }: Db,
  { id, reason }: { id: string; reason: string },
): Promise<'again' | 'done'> {
  const row = await queryOne(pool, NOTE, [id, reason.slice(0, 200)]);
  return row?.state === 'pending' ? 'again' : 'done';
}

const PENDING = statement<{ id: string }>({
  name: 'jobs_pending_revocations',
  text: `select id from revocation where state = 'pending' and id > $1 order by id limit $2`,
});

const PAGE = 500;

/** All that is due, page by page. */
export async function* pendingRevocations({ pool }: Db): AsyncGenerator<readonly string[]> {
  let last = '';
  for (;;) {
    const rows = await query(pool, PENDING, [last, PAGE]);
    if (rows.length > 0) yield rows.map(({ id }) => id);
    if (rows.length < PAGE) return;
    last = rows.at(-1)?.id ?? last;
  }
}

const ROLE = statement<{ role: string }>({ name: 'jobs_role', text: 'select current_user::text as role' });

/** The Postgres schema of the queue: made for the service's role beside its own, so that its tables are not mixed with ours. */
export async function queueSchema({ pool }: Db): Promise<string> {
  const row = await queryOne(pool, ROLE);
  if (row === null) throw new Error('there is no current_user');
  return `${row.role}_jobs`;
}
