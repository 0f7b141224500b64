import { randomId } from '@chatelaine/crypto';
import { type Db, defineQuery, run } from '@chatelaine/postgres';
import { putRules } from '../rules/put-rules-store.ts';
import type { Effect } from '../rules/rule.ts';

const SHOW = defineQuery({
  name: 'connections_show_host',
  // a link that has ended leaves its row, so that another account can take the Host
  text: `insert into connection_host as s (connection_id, host_id, link_id, scopes, grant_id)
    values ($1, $2, $3, $4, $5)
    on conflict (connection_id, host_id) do update
      set link_id = excluded.link_id, scopes = excluded.scopes, grant_id = excluded.grant_id, bearer = false
      where exists (select from link l where l.id = s.link_id and l.state = 'ended')`,
});
const WIDEN = defineQuery({
  name: 'connections_widen',
  text: 'update connection_host set scopes = $3 where connection_id = $1 and host_id = $2',
});

/** A live connection that is given more. */
export interface Widened {
  readonly id: string;
  /**
   * By Host: the account the connection uses there and the scopes it may ask for, of links that have not ended.
   * Additions are put in here.
   */
  readonly shown: { hostId: string; linkId: string; scopes: string[] }[];
}

/** SQL: the Hosts that a `connection c` is shown, in the form of {@link Widened}. */
export const SHOWN = `array(
      select jsonb_build_object('hostId', s.host_id, 'linkId', s.link_id, 'scopes', to_jsonb(s.scopes))
      from connection_host s join link l on l.id = s.link_id and l.state <> 'ended' where s.connection_id = c.id
        order by s.host_id
    ) as shown`;

/**
 * Lets a connection ask for one more scope, with the owner's answer: at a Host it was shown already, or at another,
 * then under a new grant id. It ends with the connection. The caller increments the policy version.
 */
export async function widen(
  tx: Db,
  { id, shown }: Widened,
  {
    ownerId,
    hostId,
    added,
  }: { ownerId: string; hostId: string; added: { linkId: string; scope: string; effect: Effect } },
): Promise<void> {
  const { linkId, scope, effect } = added;
  const there = shown.find((one) => one.hostId === hostId);
  if (there === undefined) {
    shown.push({ hostId, linkId, scopes: [scope] });
    await run(tx, SHOW, [id, hostId, linkId, [scope], randomId()]);
  } else {
    there.scopes.push(scope);
    await run(tx, WIDEN, [id, hostId, there.scopes]);
  }
  await putRules(tx, { ownerId, connectionIds: [id], linkId, scopes: [scope], effect });
}
