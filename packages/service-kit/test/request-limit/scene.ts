import { afterEach } from '@jest/globals';
import { eventually } from '@chatelaine/test-kit';
import { createMetrics, type Metrics } from '@chatelaine/telemetry';
import { CSRF_CHECKED, pages } from '@chatelaine/ui';
import { releaseSlot, waitingOnOthers, waitOnOthers, waitOnOthersOrHere } from '../../src/index.ts';
import { startService } from '../support/service.ts';

export const LIMIT = 2;

/** A service with two slots, whose work goes on until the test ends it. */
async function open(limits: { requestsAtOnce?: number; waitingAtOnce?: number } = {}) {
  const metrics = createMetrics();
  const working: (() => void)[] = [];
  const sending = { count: 0 };
  const service = await startService({
    metrics,
    requestsAtOnce: LIMIT,
    ...limits,
    published: ['/keys', '/documents/', '/held-keys'],
    routes: async (app) => {
      const work = () => new Promise<object>((resolve) => working.push(() => resolve({ ok: true })));
      app.addHook('preParsing', async () => void (sending.count += 1));
      const outbound = waitingOnOthers({ fetchJson: work });
      app.get('/host', async ({ headers }) => {
        const { owner, requester } = headers as Record<string, string>;
        waitOnOthers({ ...(owner && { owner }), ...(requester && { requester }) });
        return outbound.fetchJson();
      });
      app.get('/document', () => outbound.fetchJson());
      app.get('/end', async () => {
        waitOnOthersOrHere();
        return outbound.fetchJson();
      });
      app.get('/held-keys', work);
      app.get('/work', work);
      for (const path of ['/keys', '/documents/:id', '/.well-known/:what']) app.get(path, async () => ({}));
      app.post('/work', work);
      app.get('/long', async (request) => {
        releaseSlot(request);
        return work();
      });
      app.get('/wrong', async () => {
        throw new Error('of no interest');
      });
      app.get('/alone', (_request, reply) => {
        reply.hijack();
        reply.raw.writeHead(200).write('a line\n');
        working.push(() => reply.raw.end());
      });
      app.addHook('preHandler', async ({ url }) => {
        if (url === '/stumble') throw new Error('of no interest');
      });
      app.get('/stumble', async () => ({}));
      // as sessions do, which need a database
      app.decorateRequest(CSRF_CHECKED, false);
      await pages(app, async (scope) => void scope.get('/page', work));
    },
  });
  const begun = (count: number) => eventually(() => working.length === count);
  const release = (): void => {
    for (const go of working.splice(0)) go();
  };
  return { ...service, metrics, sending, begun, release, working: () => working.length };
}

export let it: Awaited<ReturnType<typeof open>>;

/** What a test begins with. */
export async function begin(limits: Parameters<typeof open>[0] = {}): Promise<void> {
  it = await open(limits);
}

export async function read(metrics: Metrics, name: string): Promise<number> {
  const { body } = await metrics.text();
  return Number(
    body
      .split('\n')
      .find((line) => line.startsWith(`${name} `))
      ?.slice(name.length),
  );
}

export const counted = (state: string): Promise<number> =>
  read(it.metrics, `chatelaine_requests_at_once{state="${state}"}`);
export const taken = (): Promise<number> => counted('taken');
export const ask = (path: string, init: RequestInit = {}): Promise<Response> => fetch(it.origin + path, init);

export const fill = async (): Promise<Promise<Response>[]> => {
  const before = it.working();
  const full = Array.from({ length: LIMIT }, () => ask('/work'));
  await it.begun(before + LIMIT);
  return full;
};

export function scene(): void {
  afterEach(async () => {
    it.release();
    await it.app.close();
  });
}
