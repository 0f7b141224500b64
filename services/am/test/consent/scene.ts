import { TestDeployment } from '../support/deployment.ts';
import type { Requester } from '../support/requester.ts';

// every top-level await of this folder is here: modules that are loaded side by side and each have one hang
export const deployment = await TestDeployment.build();
export const owner = await deployment.owner();
export const linkId = await deployment.link(owner);
/** The Requester of the current test; each test has a new one. */
export let requester: Requester = deployment.requester();

export function begin(): void {
  deployment.host.reset();
  requester = deployment.requester();
}

export const rowsOf = async ({ clientId }: Requester) => ({
  connections: await deployment.rows(
    `select c.*, g.expires_at as grant_expires_at, g.id as grant_id from connection c
      left join oauth_grant g on g.id = c.id where c.client_id = $1`,
    [clientId],
  ),
  shown: await deployment.rows(
    `select ch.link_id, ch.scopes from connection_host ch join connection c on c.id = ch.connection_id
      where c.client_id = $1`,
    [clientId],
  ),
  rules: await deployment.rows(
    `select r.scope, r.effect, r.link_id, r.expires_at from rule r join connection c on c.id = r.connection_id
      where c.client_id = $1`,
    [clientId],
  ),
});
export const NOTHING = { connections: [], shown: [], rules: [] };
export const timeline = () =>
  deployment.rows(`select data from timeline_entry where owner_id = $1 and kind = 'connection_made'`, [owner.id]);
