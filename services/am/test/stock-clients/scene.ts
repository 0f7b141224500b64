import type { Answer } from '@chatelaine/test-kit';
import type { TestDeployment, Owner } from '../support/deployment.ts';
import type { StockClient, StockOptions } from '../support/stock-client.ts';

/** An owner with one linked Host that issues bearer tokens. */
export interface Scene {
  readonly deployment: TestDeployment;
  readonly owner: Owner;
  readonly linkId: string;
  readonly resource: string;
  readonly client: (options?: StockOptions) => Promise<StockClient>;
}

export type SceneOf = () => Scene;

/** The status, error and Retry-After of an answer of the token endpoint. */
export const outcome = ({ status, json, headers }: Answer) => ({
  status,
  error: json['error'],
  ...(headers['retry-after'] === undefined ? {} : { retry: headers['retry-after'] }),
});

export const INVALID_GRANT = { status: 400, error: 'invalid_grant' };

export const refreshTokenOf = ({ json }: Answer): string => String(json['refresh_token']);

/** The parameters with which the consent page sends the browser back to the app. */
export const back = (answer: { onward: string | undefined }) =>
  Object.fromEntries(new URL(answer.onward ?? 'x:').searchParams);

/** The connections of a client, the newest first. */
export const connectionsOf = ({ deployment }: Scene, client: StockClient) =>
  deployment.rows<{
    id: string;
    resource: string;
    ended_at: Date | null;
    jkt: string | null;
    bearer: boolean;
    scopes: string[];
  }>(
    `select c.id, c.resource, c.ended_at, g.jkt, ch.bearer, ch.scopes, ch.grant_id
     from connection c join oauth_grant g on g.id = c.id join connection_host ch on ch.connection_id = c.id
     where c.client_id = $1 order by c.created_at desc`,
    [client.id],
  );

/** Makes time pass for a client's refresh tokens, by moving them into the past. */
export const later = async ({ deployment }: Scene, client: StockClient, seconds: number): Promise<void> => {
  const moved = ['created_at', 'expires_at', 'replaced_at', 'answers_until'].map(
    (column) => `${column} = ${column} - make_interval(secs => $2)`,
  );
  await deployment.rows(
    `update oauth_token set ${moved.join(', ')} where (bucket, grant_id) in (select bucket, id from oauth_grant
      where client_id = $1)`,
    [client.id, seconds],
  );
};
