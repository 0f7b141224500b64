/**
 * SQL: the live ones of `connection c`. A connection without the authorization server's grant `g` was never agreed to.
 */
export const LIVE_CONNECTIONS = `
  connection c join oauth_grant g on g.id = c.id and g.subject = c.owner_id and g.ended_at is null
    and c.ended_at is null and (c.expires_at is null or c.expires_at > now())`;
