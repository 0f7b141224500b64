import { bucketOf } from '@chatelaine/crypto';
import { ENTRIES_A_PAGE } from '@chatelaine/ui';
import type { TestDeployment, Owner } from './deployment.ts';

/** Three pages, the last of which is not full. */
export const MANY = 2 * ENTRIES_A_PAGE + 7;

/** More than one page of everything, much of it with the same time and the same name. */
export async function fill(deployment: TestDeployment, owner: Owner, whose: string): Promise<void> {
  const { id } = owner;
  const linkId = await deployment.link(owner);
  const [link] = await deployment.rows<{ host_id: string }>('select host_id from link where id = $1', [linkId]);
  const values = [id, whose, MANY];
  const numbers = 'generate_series(1, $3::int) n';
  await deployment.rows(
    `insert into link (id, owner_id, host_id, label, transfer_scope, created_at)
     select 'link_' || $2 || '-' || n, $1, $4, 'account of ' || $2, array['photos.read'], now() from ${numbers}`,
    [...values, link?.host_id],
  );
  await connect(deployment, { id, whose, linkId });
  await deployment.rows(
    `insert into ask (id, owner_id, connection_id, host_id, link_id, scopes, scope_key, created_at, expires_at)
     select 'ask_' || $2 || '-' || n, $1, 'con_' || $2 || '-' || n, $4, $5, array['photos.read'], 'photos.read',
       now() - n / 9 * interval '1 minute',
       now() + interval '1 day' from ${numbers}`,
    [...values, link?.host_id, linkId],
  );
  await deployment.rows(
    `insert into link (id, owner_id, host_id, label, transfer_scope, state, ended_at)
     select 'gone_' || $2 || '-' || n, $1, $4, 'gone link ' || $2 || ' ' || n, '{}', 'ended',
       now() - n / 9 * interval '1 minute' from ${numbers}`,
    [...values, link?.host_id],
  );
  await deployment.rows(
    `insert into revocation (owner_id, link_id, host_id, state, confirmed_at)
     select $1, 'gone_' || $2 || '-' || n, $4, 'confirmed', now() from ${numbers}`,
    [...values, link?.host_id],
  );
  await deployment.rows(
    `insert into connection (id, owner_id, client_id, client_name, ended_at)
     select 'gone_' || $2 || '-' || n, $1, 'https://gone.example/' || n, 'gone app ' || $2 || ' ' || n,
       now() - n / 9 * interval '1 minute' from ${numbers}`,
    values,
  );
  await deployment.rows(
    `insert into timeline_entry (id, owner_id, at, kind, data)
     select time_number_from(now() - n / 9 * interval '1 hour') | n, $1, now() - n / 9 * interval '1 hour',
       'connection_made',
       jsonb_build_object('client', 'entry ' || $2 || ' ' || n) from ${numbers}`,
    values,
  );
  await deployment.rows(
    `insert into transfer (bucket, id, owner_id, connection_id, link_id, host_id, client_id, resource, scopes,
      policy_version, state, closed_at, started_at)
     select 0, time_id('tr') || n, $1, 'con_' || $2 || '-' || n, $5, $4, 'c', 'r', array['key ' || $2 || ' ' || n], 0,
       'minted', now(),
       now() - n / 7 * interval '1 hour' from ${numbers}`,
    [...values, link?.host_id, linkId],
  );
}

/** Connections, the first of which is the oldest. */
async function connect(
  deployment: TestDeployment,
  { id, whose, linkId }: { id: string; whose: string; linkId: string },
): Promise<void> {
  await deployment.rows(
    `insert into connection (id, owner_id, client_id, client_name, created_at)
     select 'con_' || $2 || '-' || n, $1, 'https://app.example/' || n, 'app of ' || $2,
       now() + n / 9 * interval '1 second' from generate_series(1, $3::int) n`,
    [id, whose, MANY],
  );
  await deployment.rows(
    `insert into oauth_grant (bucket, id, client_id, subject, scope, jkt)
     select $4, 'con_' || $2 || '-' || n, 'https://app.example/' || n, $1, array['transfer'], 'key'
       from generate_series(1, $3::int) n`,
    [id, whose, MANY, bucketOf(id)],
  );
  await deployment.rows(
    `insert into connection_host (connection_id, host_id, link_id, scopes, grant_id)
     select 'con_' || $1 || '-' || n, host_id, id, array['photos.read'], substr(md5($1 || n), 1, 22)
       from link, generate_series(1, $3::int) n where id = $2`,
    [whose, linkId, MANY],
  );
}
