import { defineQuery, run, runOne } from '@chatelaine/postgres';
import { keyPart, type Part, partOf } from '@chatelaine/ui';
import { z } from 'zod';
import type { Deps } from '../deps.ts';
import { joinOwnName, shownName } from '../identity/sql/app-names.ts';
import { freeLabel } from './labels.ts';
import { underOwner } from '../links/owner-store.ts';
import { whoInShort } from '../identity/who.tsx';
import { scopeSentences } from '../links/scope-sentences.ts';

/** A link as its owner sees it. */
export interface OwnLink {
  readonly id: string;
  readonly label: string;
  readonly hostName: string;
  readonly hostIssuer: string;
  readonly state: 'active' | 'broken';
  /** When its Host last answered for it; null: unknown. */
  readonly answeredAt: Date | null;
  /** The first failed call to its Host since then; null if the last call succeeded. */
  readonly unreachableSince: Date | null;
  readonly since: Date;
  /** Whether it replaced another. */
  readonly isRepaired: boolean;
  /** Some of the apps that use it, and for what; those with bearer tokens come first. */
  readonly usedBy: readonly LinkUser[];
  /** Whether more apps use it. */
  readonly hasMoreUsers: boolean;
  /** The ceiling: the scopes the owner allowed at the Host, with the Host's sentence for each. */
  readonly ceiling: readonly { readonly scope: string; readonly sentence: string }[];
}

/** A Requester that is shown a link. */
export interface LinkUser {
  readonly clientName: string;
  /** Its identity in a few words. */
  readonly who: string;
  readonly sentences: readonly string[];
  /** Whether it may have bearer tokens. */
  readonly bearer: boolean;
}

/** Whether a link works, its Host's name, its own, and its id: a position in the list. */
export const linkKeySchema = z.tuple([keyPart.flag, keyPart.text, keyPart.text, keyPart.text]).readonly();
export type LinkKey = z.infer<typeof linkKeySchema>;
const BEGINNING: LinkKey = [false, '', '', ''];

/** How many apps are named for a link. */
const MOST_USERS = 10;

interface LinkRow {
  id: string;
  label: string;
  state: OwnLink['state'];
  created_at: Date;
  answered_at: Date | null;
  unreachable_since: Date | null;
  repaired: boolean;
  transfer_scope: string[];
  host_name: string;
  host_issuer: string;
  transfer_scopes: unknown;
}

const LIVE = `
  select l.id, l.label, l.state, l.created_at, l.replaces is not null as repaired, l.transfer_scope,
    h.name as host_name, h.issuer as host_issuer,
    h.transfer_scopes, s.answered_at, s.unreachable_since
  from link l join host h on h.id = l.host_id left join link_seen s on s.link_id = l.id
    where l.owner_id = $1 and l.state <> 'ended'`;

const PART = defineQuery<LinkRow>({
  name: 'hosts_live_links',
  text: `${LIVE} and (l.state = 'active', h.name, l.label, l.id) > ($2::bool, $3::text, $4::text, $5::text)
    order by l.state = 'active', h.name, l.label, l.id limit $6`,
});
const ONE = defineQuery<LinkRow>({ name: 'hosts_live_link', text: `${LIVE} and l.id = $2` });

type StoreDeps = Pick<Deps, 'pool'>;

/** A page of the owner's links that have not ended: broken ones first, then by Host and name. */
export async function readOwnLinks(
  deps: StoreDeps,
  { ownerId, after, most }: { ownerId: string; after: LinkKey | null; most: number },
): Promise<Part<OwnLink, LinkKey>> {
  const rows = await run(deps.pool, PART, [ownerId, ...(after ?? BEGINNING), most + 1]);
  const keyOf = (row: LinkRow): LinkKey => [row.state === 'active', row.host_name, row.label, row.id];
  const { entries, next } = partOf(rows, { most, keyOf });
  return { entries: await withUsers(deps, { ownerId, rows: entries }), next };
}

/** A link of this owner that has not ended, or null. */
export async function readOwnLink(
  deps: StoreDeps,
  { id, ownerId }: { id: string; ownerId: string },
): Promise<OwnLink | null> {
  const row = await runOne(deps.pool, ONE, [ownerId, id]);
  if (row === null) return null;
  const [link] = await withUsers(deps, { ownerId, rows: [row] });
  return link ?? null;
}

interface UserRow {
  link_id: string;
  client_id: string;
  client_name: string;
  redirect_uri: string | null;
  scopes: string[];
  keyless: boolean;
}

// a connection without the authorization server's grant was never agreed to; one that has since proved a key no longer
// has bearer tokens
const USERS = defineQuery<UserRow>({
  name: 'hosts_link_users',
  text: `
    select u.* from unnest($2::text[]) as one (link_id), lateral (
      select ch.link_id, c.client_id, ${shownName('c')} as client_name, c.redirect_uri, ch.scopes,
        ch.bearer and g.jkt is null as keyless
      from connection_host ch join connection c on c.id = ch.connection_id
        join oauth_grant g on g.id = c.id and g.subject = c.owner_id ${joinOwnName('c')}
      where ch.link_id = one.link_id and c.owner_id = $1 and c.ended_at is null and g.ended_at is null
        and (c.expires_at is null or c.expires_at > now())
      order by keyless desc, c.created_at, c.id limit ${MOST_USERS + 1}
    ) u`,
});

/** Adds the apps that use each; one query, however many there are. */
async function withUsers(
  { pool }: StoreDeps,
  { ownerId, rows }: { ownerId: string; rows: readonly LinkRow[] },
): Promise<OwnLink[]> {
  const users = await run(pool, USERS, [ownerId, rows.map(({ id }) => id)]);
  const usersOf = Map.groupBy(users, ({ link_id: id }) => id);
  return rows.map((row) => {
    const host = { transferScopes: row.transfer_scopes };
    const own = usersOf.get(row.id) ?? [];
    return {
      id: row.id,
      label: row.label,
      hostName: row.host_name,
      hostIssuer: row.host_issuer,
      state: row.state,
      answeredAt: row.answered_at,
      unreachableSince: row.unreachable_since,
      since: row.created_at,
      isRepaired: row.repaired,
      usedBy: own.slice(0, MOST_USERS).map((user) => ({
        clientName: user.client_name,
        who: whoInShort({ clientId: user.client_id, redirectUri: user.redirect_uri }),
        sentences: scopeSentences(host, user.scopes).map(({ sentence }) => sentence),
        bearer: user.keyless,
      })),
      hasMoreUsers: own.length > MOST_USERS,
      ceiling: scopeSentences(host, row.transfer_scope),
    };
  });
}

const END_LINK = defineQuery<{ ended: boolean }>({ name: 'hosts_end_link', text: 'select end_link($1, $2) as ended' });

/** Ends a link of this owner at once, and queues its revocation at the Host; false if there is none. PROTOCOL §7. */
export async function endLink(
  { pool }: Pick<Deps, 'pool'>,
  { linkId, ownerId }: { linkId: string; ownerId: string },
): Promise<boolean> {
  return underOwner(pool, ownerId, async (tx) => {
    return (await runOne(tx, END_LINK, [ownerId, linkId]))?.ended === true;
  });
}

const NAMED = defineQuery<{ id: string; label: string; host_name: string }>({
  name: 'hosts_named_links',
  text: `
    select l.id, l.label, h.name as host_name from link l join host h on h.id = l.host_id
    where l.owner_id = $1 and l.state <> 'ended'`,
});
const RENAME = defineQuery({ name: 'hosts_rename_link', text: 'update link set label = $2 where id = $1' });

/** Names a link of this owner, or (null) gives it back the name it had before; false if there is none. */
export async function renameLink(
  { pool }: Pick<Deps, 'pool'>,
  { linkId, ownerId, label }: { linkId: string; ownerId: string; label: string | null },
): Promise<boolean> {
  // so that two links that lose their names at once get two
  return underOwner(pool, ownerId, async (tx) => {
    const links = await run(tx, NAMED, [ownerId]);
    const link = links.find(({ id }) => id === linkId);
    if (link === undefined) return false;
    const taken = new Set(links.filter(({ id }) => id !== linkId).map((other) => other.label));
    await run(tx, RENAME, [linkId, label ?? freeLabel(link.host_name, taken)]);
    return true;
  });
}
