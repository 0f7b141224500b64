import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { formatForm } from '@chatelaine/protocol';
import { TestDeployment } from './support/deployment.ts';
import type { Requester } from './support/requester.ts';

let deployment: TestDeployment;
let requester: Requester;
beforeAll(async () => {
  deployment = await TestDeployment.build();
  requester = deployment.requester();
});
afterAll(() => deployment.close());

const wanted = (...wants: unknown[]): string => JSON.stringify(wants);
const READ = { scope: 'photos.read', purpose: 'To print them' };
const push = async (text: string, params: Record<string, string> = {}) =>
  requester.post('/par', { ...(await requester.request('v'.repeat(43))), ...params, chatelaine_wants: text });

describe('what a pushed request wants', () => {
  it('is taken, and the metadata says that it is read', async () => {
    expect((await push(wanted(READ, { ...READ, resource: deployment.host.resource }))).status).toBe(201);
    const browser = (await deployment.owner()).browser;
    const metadata = await browser.get('/.well-known/oauth-authorization-server');
    expect(metadata.json).toMatchObject({ chatelaine_wants_supported: true });
  });

  it.each<[string, string]>([
    ['no JSON', 'photos.read'],
    ['nothing', wanted()],
    ['an effect beside', wanted({ ...READ, effect: 'allow' })],
    ['a resource that is none', wanted({ ...READ, resource: 'javascript:alert(1)' })],
    ['a resource with a query', wanted({ ...READ, resource: 'https://photos.example/api?x' })],
    ['a purpose with an override of direction', wanted({ ...READ, purpose: 'To \u202eread' })],
    ['the same thing twice', wanted(READ, READ)],
  ])('that is %s is refused whole', async (_what, text) => {
    const { status, json } = await push(text);
    expect([status, json['error']]).toEqual([400, 'invalid_request']);
  });

  it('does not come with a request for a resource, which says in scope what it wants', async () => {
    const { status, json } = await push(wanted(READ), { resource: deployment.host.resource, scope: 'photos.read' });
    expect([status, json['error']]).toEqual([400, 'invalid_request']);
  });

  it('is not taken out of an address, where anybody could have put it', async () => {
    const { client_assertion: _, client_assertion_type: __, ...request } = await requester.request('v'.repeat(43));
    const query = formatForm({ ...request, client_id: requester.clientId, chatelaine_wants: wanted(READ) });
    const answer = await (await deployment.owner()).browser.get(`/authorize?${query}`);
    expect(new URL(answer.onward ?? 'x:').searchParams.get('error')).toBe('invalid_request');
  });
});
