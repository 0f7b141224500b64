import { defineQuery, inTransaction, type Pool, run, runOne } from '@chatelaine/postgres';
import { UsageError } from '@chatelaine/service-kit';
import { endLink } from '../linking/hosts-store.ts';
import { noteStop } from '../connections/stop-store.ts';
import { stopConnection, stopEverything } from '../connections/store.ts';
import type { Stoppable } from './commands.ts';

const OWNER_OF_CONNECTION = defineQuery<{ owner_id: string }>({
  name: 'cli_owner_of_connection',
  text: 'select owner_id from connection where id = $1',
});
const OWNER_OF_LINK = defineQuery<{ owner_id: string }>({
  name: 'cli_owner_of_link',
  text: 'select owner_id from link where id = $1',
});
const OWNER_NAMED = defineQuery<{ owner_id: string }>({
  name: 'cli_owner_named',
  text: 'select id as owner_id from account where username = lower($1)',
});

/**
 * Ends one thing, or everything of one kind; returns the lines to print. A transfer that began before is stopped when
 * the Host's answer is checked. PROTOCOL §7.
 */
export async function stop(pool: Pool, { what, name }: { what: Stoppable; name: string }): Promise<string[]> {
  switch (what) {
    case 'connection': {
      const ownerId = await ownerOf(pool, OWNER_OF_CONNECTION, { name, what });
      await stopConnection({ pool }, { id: name, ownerId });
      return [`Connection ${name} has ended.`];
    }
    case 'link': {
      const ownerId = await ownerOf(pool, OWNER_OF_LINK, { name, what });
      const ended = await endLink({ pool }, { linkId: name, ownerId });
      return [ended ? `Link ${name} has ended.` : `Link ${name} had ended before.`];
    }
    case 'owner': {
      const ended = await stopEverything({ pool }, await ownerOf(pool, OWNER_NAMED, { name, what }));
      return [`${ended.connections} connections and ${ended.links} links of ${name} have ended.`];
    }
    case 'client':
      await noteStop(pool, { ownerId: null, clientId: name });
      return [`${await inTurns(pool, END_CONNECTIONS, name)} connections of ${name} have ended.`];
    case 'host':
      return [`${await endLinks(pool, name)} links to ${name} have ended.`];
    case 'everything': {
      await noteStop(pool, { ownerId: null, clientId: null });
      const connections = await inTurns(pool, END_CONNECTIONS, null);
      const links = await endLinks(pool, null);
      return [`${connections} connections and ${links} links have ended: nobody has access through this AM.`];
    }
  }
}

async function ownerOf(
  pool: Pool,
  find: typeof OWNER_NAMED,
  { name, what }: { name: string; what: Stoppable },
): Promise<string> {
  const row = await runOne(pool, find, [name]);
  if (row === null) throw new UsageError(`There is no ${what} ${name}.`);
  return row.owner_id;
}

/**
 * How many of an owner's connections or links one transaction ends: few enough that nobody waits long for the owner's
 * row.
 */
const TURN = 500;

// locks owners' rows first and in one order, as everything that ends something does
const END_CONNECTIONS = defineQuery<{ ended: number }>({
  name: 'cli_end_connections',
  text: `
    with due as (
      select c.id, c.owner_id from connection c
      where c.ended_at is null and ($1::text is null or c.client_id = $1)
        and exists (select from oauth_grant g
          where g.id = c.id and g.ended_at is null and (g.expires_at is null or g.expires_at > now()))
      order by c.owner_id, c.id limit ${TURN}
    ), locked as materialized (
      select o.id from owner o where o.id in (select owner_id from due) order by o.id for update
    )
    select count(*) filter (where oauth_end_grant(due.id, 'server'))::int as ended from due
      join locked on locked.id = due.owner_id`,
});
const END_LINKS = defineQuery<{ ended: number }>({
  name: 'cli_end_links',
  text: `
    with due as (
      select l.id, l.owner_id from link l join host h on h.id = l.host_id
      where l.state <> 'ended' and ($1::text is null or h.issuer = $1) order by l.owner_id, l.id limit ${TURN}
    ), locked as materialized (
      select o.id from owner o where o.id in (select owner_id from due) order by o.id for update
    )
    select count(*) filter (where end_link(due.owner_id, due.id))::int as ended from due
      join locked on locked.id = due.owner_id`,
});

// what the Host still issues for these is revoked
const GIVE_UP_LINKS = defineQuery({
  name: 'cli_give_up_links',
  text: `
    update link_attempt a set given_up_at = now() from host h
    where h.id = a.host_id and ($1::text is null or h.issuer = $1) and a.resume_at is not null
      and a.given_up_at is null`,
});

/** Ends links, including those that are being made. */
async function endLinks(pool: Pool, host: string | null): Promise<number> {
  await run(pool, GIVE_UP_LINKS, [host]);
  return inTurns(pool, END_LINKS, host);
}

async function inTurns(pool: Pool, end: typeof END_LINKS, name: string | null): Promise<number> {
  let all = 0;
  for (;;) {
    const row = await inTransaction(pool, (tx) => runOne(tx, end, [name]));
    const ended = row?.ended ?? 0;
    all += ended;
    if (ended === 0) return all;
  }
}
