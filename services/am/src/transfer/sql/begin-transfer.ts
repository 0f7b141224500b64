import { type Query, rowsOf } from '@chatelaine/postgres';
import {
  BURN_GUARDS,
  BURN_GUARDS_OF_EACH,
  BURNED,
  BURNED_OF_EACH,
  type BurnedOfEachRow,
  type BurnedRow,
  GRANT_ALIVE,
} from '@chatelaine/oauth-server-pg';
import { COUNT_ONE, HAS_ROOM } from '../../rules/sql/rules-in-force.ts';

/** The columns of an intent, in the order of the parameters of all statements here. */
const COLUMNS =
  'id, bucket, owner_id, connection_id, link_id, host_id, client_id, ' +
  'resource, scopes, jkt, policy_version, proffer_jti, rule_ids';

/** What a beginning transfer uses up: further steps of its statement, and whether they succeeded. */
interface UsedUp {
  readonly steps: string;
  readonly isDone: string;
}

const APPROVAL: UsedUp = {
  steps: `spent as (
    update ask set state = 'used' where id = $16 and state = 'approved' and expires_at > now()
      and exists (select from still) returning id
  )`,
  isDone: '$16::text is null or exists (select from spent)',
};

// all or none: each row is locked and read again under its lock before any is counted
const COUNTED: UsedUp = {
  steps: `room as materialized (
    select n.id from rule_limit n where n.id = any ($17::text[]) and n.owner_id = $5 and ${HAS_ROOM}
      and exists (select from still) order by n.id for update
  ), counted as (
    update rule_limit n set ${COUNT_ONE} from room
      where n.id = room.id and (select count(*) from room) = cardinality($17::text[]) returning 1
  )`,
  isDone: '$16::text is null and exists (select from counted)',
};

const begin = (name: string, { steps, isDone }: UsedUp): Query<BurnedRow & LinkRow> => ({
  name,
  text: `with ${BURN_GUARDS}, still as (
    select case when l.refresh_token is not null then l.access_token end as access_token,
      extract(epoch from l.access_expires_at - now())::float8 as seconds_left, h.metadata ->> 'token_endpoint'
        as token_endpoint
    from fresh, oauth_grant g join owner o on o.id = g.subject join link l on l.id = $7 join host h on h.id = l.host_id
    where g.bucket = $4 and g.id = $6 and g.subject = $5 and ${GRANT_ALIVE}
      and o.policy_version = $13::bigint and l.owner_id = $5 and l.state = 'active'
  ), ${steps}, begun as (
    insert into transfer (${COLUMNS}, ask_id)
    select $3, $4, $5, $6, $7, $8, $9, $10, string_to_array($11, ' '), $12, $13::bigint, $14, string_to_array($15, ' '),
      $16 from still
    where ${isDone}
    returning 1
  )
  select ${BURNED}, exists (select from begun) as begun, still.*
  from (values (1)) as always left join still on true`,
});
export const BEGIN = begin('transfer_begin', APPROVAL);
/** The same for limits of rules. */
export const BEGIN_COUNTED = begin('transfer_begin_counted', COUNTED);

export interface LinkRow {
  begun: boolean;
  access_token: Buffer | null;
  seconds_left: number | null;
  token_endpoint: string;
}

/** The types of {@link COLUMNS}, in order. */
const COLUMN_TYPES = [
  'text',
  'int',
  'text',
  'text',
  'text',
  'text',
  'text',
  'text',
  'text',
  'text',
  'bigint',
  'text',
  'text',
];

/** The same for many that use up nothing: no row is locked. */
export const BEGIN_MANY: Query<BurnedOfEachRow & LinkRow> = {
  name: 'transfer_begin_many',
  text: `with input as materialized (
    select n::int, id, bucket, owner_id, connection_id, link_id, host_id, client_id, resource,
      string_to_array(scopes, ' ') as scopes, jkt, policy_version,
      proffer_jti, string_to_array(rule_ids, ' ') as rule_ids
    from ${rowsOf(COLUMN_TYPES, 4)} as i (${COLUMNS}, n)
  ), ${BURN_GUARDS_OF_EACH}, still as materialized (
    select input.*, case when l.refresh_token is not null then l.access_token end as access_token,
      extract(epoch from l.access_expires_at - now())::float8 as seconds_left, h.metadata ->> 'token_endpoint'
        as token_endpoint
    from fresh join input on input.n = fresh.n
    join oauth_grant g on g.bucket = input.bucket and g.id = input.connection_id and g.subject = input.owner_id
      and ${GRANT_ALIVE}
    join owner o on o.id = g.subject and o.policy_version = input.policy_version
    join link l on l.id = input.link_id and l.owner_id = input.owner_id and l.state = 'active'
      join host h on h.id = l.host_id
  ), begun as (
    insert into transfer (${COLUMNS}) select ${COLUMNS} from still
  )
  select input.n, ${BURNED_OF_EACH}, still.n is not null as begun, still.access_token, still.seconds_left,
    still.token_endpoint
  from input left join fresh on fresh.n = input.n left join still on still.n = input.n`,
};
