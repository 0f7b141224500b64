import type { Client } from '@chatelaine/oauth-server';
import type { Observe } from '../../src/deps.ts';
import { createHostGate, watchLinks } from '../../src/links/host-gate.ts';
import { createConcurrencyLimit } from '../../src/links/concurrency-limit.ts';
import { openResources } from '../../src/resources.ts';
import { asLines } from '../../src/transfer/batch/deliver.ts';
import type { TestDeployment, Story } from './deployment.ts';
import type { Item } from './batch.ts';
import { gate } from './scripted-host.ts';

/** A batch call whose caller reads nothing until `read` is called. */
export async function callWithoutReading(
  deployment: TestDeployment,
  { requester, connection }: Story,
  items: readonly Item[],
  gone: AbortSignal,
) {
  const resources = await openResources(deployment.config);
  const { log } = deployment.ams[0].app;
  const hostGate = createHostGate({ log, limits: deployment.config.limits.hostCalls, observe: () => () => {} });
  const transfers = createConcurrencyLimit({ atOnce: 200, waiting: Infinity });
  let underWay = 0;
  const observe: Observe = {
    transfer: () => {
      underWay += 1;
      return () => void (underWay -= 1);
    },
  };
  const deps = {
    ...resources,
    log,
    hostGate,
    linksSeen: watchLinks(resources),
    transfers,
    observe,
    announceRevocations: () => {},
    live: { changed: () => {} },
  };
  const client = { id: requester.clientId } as Client;
  const { id: connectionId, accessToken } = connection;
  const caller = { client, connectionId, accessToken, jkt: requester.key.kid };
  const call = { id: 'c', caller, body: { transfers: [...items] }, signal: gone };
  const reading = gate();
  const left = Promise.withResolvers<never>();
  left.promise.catch(() => null);
  gone.addEventListener('abort', () => left.reject(gone.reason), { once: true });
  const written: string[] = [];
  const sink = {
    async write(text: string) {
      written.push(text);
      await Promise.race([reading.opened, left.promise]);
    },
  };
  const done = asLines(deps, { call, gone, delivered: () => {} }, sink).finally(async () => {
    await resources.outbound.close();
    await resources.prisma.$disconnect();
    await resources.pool.end();
  });
  done.catch(() => null);
  return { done, written, underWay: () => underWay, read: () => reading.open() };
}
