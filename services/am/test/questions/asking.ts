import type { Answer, Browser } from '@chatelaine/test-kit';
import type { Story } from '../support/deployment.ts';
import { ANSWERS, asker, deployment } from './deployment.ts';

export const ask = (by: Story = story, scope = 'photos.write', purpose?: string): Promise<Answer> =>
  by.requester.transfer({
    connection: by.connection,
    resource: deployment.host.resource,
    scope,
    ...(purpose === undefined ? {} : { params: { purpose } }),
  });
export const pathOf = ({ json }: Answer): string => new URL(String(json['interaction_uri'])).pathname;
export const answer = (browser: Browser, path: string, given: string) => browser.submit(path, path, { answer: given });
export const errorOf = ({ status, json }: Answer) => `${status} ${String(json['error'])}`;
export const story = asker;
/** A connection over which no question was asked yet. */
export const fresh = () => deployment.beside(story, ANSWERS);

/** Inserts `count` questions for each of these connections, asked a moment ago or yesterday. */
export const asked = (
  connectionIds: readonly string[],
  { count, state, at }: { count: number; state: 'open' | 'closed'; at: 'now' | 'yesterday' },
) =>
  deployment.rows(
    `insert into ask (id, owner_id, connection_id, host_id, link_id, scopes, scope_key, state, created_at, expires_at)
     select 'ask_' || md5(c.id || n), c.owner_id, c.id, ch.host_id, ch.link_id, array['s' || n], 's' || n, $3,
       now() - case $4 when 'yesterday' then interval '1 day' else interval '0' end, now() + interval '1 day'
     from connection c join connection_host ch on ch.connection_id = c.id cross join generate_series(1, $2::int) n
       where c.id = any($1::text[])`,
    [connectionIds, count, state, at],
  );

/** Delays the insertion of questions of this connection, so that concurrent ones overlap. */
export async function slowly({ connection }: Story): Promise<void> {
  await deployment.rows(`create function take_time() returns trigger language plpgsql as
    $$ begin perform pg_sleep(0.05); return new; end $$`);
  await deployment.rows(`create trigger slow before insert on ask for each row
    when (new.connection_id = '${connection.id}') execute function take_time()`);
}
