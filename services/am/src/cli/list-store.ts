import { defineQuery, type Pool, run } from '@chatelaine/postgres';
import type { Filter } from './commands.ts';

const MOST = 10_000;

const CONNECTIONS = defineQuery<{ line: string }>({
  name: 'cli_connections',
  text: `
    select concat_ws('  ', c.id, a.username, c.client_id, to_char(c.created_at at time zone 'UTC',
      'YYYY-MM-DD"T"HH24:MI"Z"'),
      (select string_agg(h.issuer, ' ' order by h.issuer) from connection_host ch join host h on h.id = ch.host_id
        where ch.connection_id = c.id)) as line
    from connection c join account a on a.id = c.owner_id
    where c.ended_at is null and exists (select from oauth_grant g
      where g.id = c.id and g.ended_at is null and (g.expires_at is null or g.expires_at > now()))
      and ($1::text is null or a.username = lower($1)) and ($2::text is null or c.client_id = $2)
    order by a.username, c.created_at limit ${MOST}`,
});
const LINKS = defineQuery<{ line: string }>({
  name: 'cli_links',
  text: `
    select concat_ws('  ', l.id, a.username, h.issuer, l.state, array_to_string(l.transfer_scope, ' ')) as line
    from link l join account a on a.id = l.owner_id join host h on h.id = l.host_id
    where l.state <> 'ended' and ($1::text is null or a.username = lower($1)) and ($2::text is null or h.issuer = $2)
    order by a.username, h.issuer, l.id limit ${MOST}`,
});

/** One line for each live connection: id, owner, Requester, since when, its Hosts. */
export async function listConnections(pool: Pool, { owner, other }: Filter): Promise<string[]> {
  return (await run(pool, CONNECTIONS, [owner, other])).map(({ line }) => shown(line));
}

/** One line for each live link: id, owner, Host, state, ceiling. */
export async function listLinks(pool: Pool, { owner, other }: Filter): Promise<string[]> {
  return (await run(pool, LINKS, [owner, other])).map(({ line }) => shown(line));
}

/** Names come from other parties: control characters in them must not move the terminal's cursor. */
const shown = (line: string): string => line.replaceAll(/\p{C}/gu, '?');
