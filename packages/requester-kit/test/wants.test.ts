import { amMetadata } from '@chatelaine/test-kit';
import { describe, expect, test } from '@jest/globals';
import { startApp } from './support/app.ts';
import { deploymentForAll } from './support/deployment.ts';

const deployment = await deploymentForAll();

describe('what the app wants', () => {
  const PRINT = [{ scope: 'photos.read', purpose: 'To print them' }];
  const START = [{ scope: 'photos.write', resource: 'https://photos.example/api', purpose: 'To keep what you draw' }];
  const pushed = () =>
    deployment.received.find(({ path }) => path === 'am /par')?.form.get('chatelaine_wants') ?? undefined;

  test('is said to an AM that reads it, each time or once for all, and to no other', async () => {
    const app = startApp(deployment, 'document', { wants: PRINT });
    deployment.received.length = 0;
    await app.requester.connect({ owner: 'kim', am: deployment.am });
    expect(pushed()).toBeUndefined();
    const json = { ...amMetadata(deployment.am), chatelaine_wants_supported: true };
    deployment.on['am /.well-known/oauth-authorization-server'] = () => ({ json });
    for (const [wants, said] of [
      [undefined, PRINT],
      [START, START],
    ] as const) {
      const { requester } = startApp(deployment, 'document', { wants: PRINT });
      deployment.received.length = 0;
      await requester.connect({ owner: 'kim', am: deployment.am, ...(wants && { wants }) });
      expect(JSON.parse(pushed() ?? '')).toEqual(said);
    }
    deployment.received.length = 0;
    await startApp(deployment).requester.connect({ owner: 'kim', am: deployment.am });
    expect(pushed()).toBeUndefined();
  });
});

describe('a connection that is to have more', () => {
  const wants = [{ scope: 'photos.write', purpose: 'To keep what you draw' }];
  const reads = () => {
    const json = { ...amMetadata(deployment.am), chatelaine_wants_supported: true };
    deployment.on['am /.well-known/oauth-authorization-server'] = () => ({ json });
  };
  const keyOf = (): string | undefined =>
    deployment.received.find(({ path }) => path === 'am /par')?.form.get('dpop_jkt') ?? undefined;
  const connect = async (app: ReturnType<typeof startApp>, more: object = {}, owner = 'kim') => {
    deployment.received.length = 0;
    const outcome = await app.requester.connect({ owner, am: deployment.am, ...more });
    if (outcome.kind !== 'redirect') throw new Error(JSON.stringify(outcome));
    const key = keyOf();
    const done = await app.requester.callback({ owner, url: deployment.agree(outcome.redirectTo) });
    if (done.kind !== 'connected') throw new Error(JSON.stringify(done));
    return { key, connectionId: done.connectionId };
  };

  test('names its key, and stays the same one, at another process, too', async () => {
    reads();
    const app = startApp(deployment, 'document', { wants });
    const first = await connect(app);
    const twin = { ...app, requester: app.twin() };
    expect(await connect(twin, { connectionId: first.connectionId })).toEqual(first);
    expect(await app.requester.connections('kim')).toHaveLength(1);
  });

  test('is a new one with a new key where it is somebody else’s, unknown to the AM, or nothing is wanted', async () => {
    const app = startApp(deployment, 'document', { wants });
    const first = await connect(app);
    const { connectionId } = first;
    const isNew = async (more: object, owner?: string) => {
      const other = await connect(app, more, owner);
      expect(other.connectionId).not.toBe(connectionId);
      expect(other.key).not.toBe(first.key);
    };
    await isNew({ connectionId });
    reads();
    await isNew({ connectionId }, 'sam');
    await isNew({ connectionId: 'con_none' });
    await isNew({ connectionId, wants: [] });
  });
});
