import type { Answer } from '@chatelaine/test-kit';
import { TestDeployment, type Story } from '../support/deployment.ts';

/** What a test does at the AM's failpoints, and the monotonic clock that it sets (null: the real one). */
export const hooks: { at: (name: string) => Promise<void>; now: number | null } = {
  at: async () => undefined,
  now: null,
};
export const ANSWERS = { 'photos.read': 'allow', 'photos.write': 'ask' } as const;

export const deployment = await TestDeployment.build({
  failpoint: (name) => hooks.at(name),
  monotonic: () => hooks.now ?? performance.now(),
  commitTimes: true,
});
deployment.host.bearer = true;

export const ask = (by: Story, over: { port?: number; scope?: string } = {}): Promise<Answer> =>
  by.requester.transfer({
    connection: by.connection,
    resource: deployment.host.resource,
    scope: 'photos.read',
    ...over,
  });
export const errorOf = ({ status, json }: Answer): string => `${status} ${String(json['error'])}`;
export const stop = ({ owner, connection }: Story, port = deployment.ams[0].port): Promise<Answer> =>
  owner.browser.at(port).submit('/apps', `/apps/${connection.id}/stop`);

/** Transfers whose completion was committed after the commit that ended their connection. */
export const completedAfterTheirStop = () =>
  deployment.rows<{ id: string; late: string }>(`
    select t.id, pg_xact_commit_timestamp(t.xmin) - pg_xact_commit_timestamp(c.xmin) as late
    from transfer t join connection c on c.id = t.connection_id
    where t.state = 'minted' and c.ended_at is not null
      and pg_xact_commit_timestamp(t.xmin) > pg_xact_commit_timestamp(c.xmin)`);
