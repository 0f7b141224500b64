import type { StoredGrant } from '@chatelaine/oauth-server';

/** Whether the grant `g` of a query is alive, by the database's clock. */
export const GRANT_ALIVE = 'g.ended_at is null and (g.expires_at is null or g.expires_at > now())';

/** The columns of `g` from which a {@link StoredGrant} is read. */
export const GRANT_COLUMNS = `g.id as grant_id, g.client_id, g.subject, g.bucket, g.scope, g.transfer_scope, g.jkt,
  g.answered_by,
    g.authenticated`;

export interface GrantRow {
  grant_id: string;
  client_id: string;
  subject: string;
  bucket: number;
  scope: string[];
  transfer_scope: string[] | null;
  jkt: string | null;
  answered_by: string | null;
  authenticated: boolean;
}

/** The same columns out of an outer join, where all of them may be null. */
export type MaybeGrantRow = GrantRow | { [Column in keyof GrantRow]: null };

export function toGrant(row: GrantRow): StoredGrant {
  return {
    id: row.grant_id,
    clientId: row.client_id,
    subject: row.subject,
    bucket: row.bucket,
    scope: row.scope,
    transferScope: row.transfer_scope,
    jkt: row.jkt,
    answeredBy: row.answered_by,
    isAuthenticated: row.authenticated,
  };
}
