import { afterAll, describe, expect, it } from '@jest/globals';
import { publicJwks } from '@chatelaine/crypto';
import { GRANT, TOKEN_TYPE } from '@chatelaine/protocol';
import type { Answer } from '@chatelaine/test-kit';
import { TestDeployment } from './support/deployment.ts';
import { agree, type Requester } from './support/requester.ts';

const deployment = await TestDeployment.build();
afterAll(() => deployment.close());

const errorOf = ({ status, json }: Answer): string => `${status} ${String(json['error'])}`;

const allowed = (linkId: string) => ({
  [`answer:${linkId}:photos.read`]: 'allow',
});

/** A process that has not read the client's document before it changes. */
const elsewhere = { port: deployment.ams[1].port };

/** Changes the authentication method in the client's document. */
async function says(requester: Requester, how: 'private_key_jwt' | 'none'): Promise<void> {
  const { pathname } = new URL(requester.clientId);
  if (requester.ownKey === null) throw new Error('this client has no keys');
  deployment.documents.publish(pathname, {
    client_id: requester.clientId,
    client_name: 'Reader',
    redirect_uris: [requester.redirectUri],
    grant_types: Object.values(GRANT),
    scope: 'transfer',
    token_endpoint_auth_method: how,
    ...(how === 'private_key_jwt' && { jwks: publicJwks([requester.ownKey]) }),
  });
  await deployment.rows('update oauth_document set fresh_until = now() where url = $1', [requester.clientId]);
}

describe('a client that authenticated with its key never does so with less, whatever its document says later', () => {
  it('not for a code, a refresh token, or a transfer; with its key it goes on', async () => {
    const { owner, requester, connection, linkId } = await deployment.story({ 'photos.read': 'allow' });
    const asked = { connection, resource: deployment.host.resource, scope: 'photos.read' };
    const client_id = requester.clientId;
    const { path, verifier } = await requester.push();
    const { onward } = await agree(owner.browser, path, allowed(linkId));
    const code = new URL(onward ?? 'x:').searchParams.get('code') ?? '';
    await says(requester, 'none');
    const byCode = { grant_type: GRANT.authorizationCode, code, code_verifier: verifier };
    const byToken = { grant_type: GRANT.refreshToken, refresh_token: connection.refreshToken };
    expect(errorOf(await requester.post('/token', { client_id, ...byCode }, elsewhere))).toBe('401 invalid_client');
    expect(errorOf(await requester.post('/token', { client_id, ...byToken }, elsewhere))).toBe('401 invalid_client');
    const exchanged = {
      grant_type: GRANT.tokenExchange,
      subject_token: connection.accessToken,
      subject_token_type: TOKEN_TYPE.accessToken,
      resource: deployment.host.resource,
      scope: 'photos.read',
    };
    expect(errorOf(await requester.post('/token', { client_id, ...exchanged }, elsewhere))).toBe('400 invalid_request');
    expect(deployment.host.hops).toEqual([]);
    const again = { ...byToken, ...(await requester.authentication()) };
    expect((await requester.post('/token', again)).status).toBe(200);
    expect((await requester.transfer(asked)).status).toBe(200);
  });

  it('but may do so in a connection that its owner agrees to anew', async () => {
    const { owner, requester, linkId } = await deployment.story({ 'photos.read': 'allow' });
    await says(requester, 'none');
    const bare = { client_id: requester.clientId, client_assertion: undefined, client_assertion_type: undefined };
    const pushed = await requester.post('/par', { ...(await requester.request('v'.repeat(43))), ...bare }, elsewhere);
    expect(pushed.status).toBe(201);
    const query = new URLSearchParams({
      client_id: requester.clientId,
      request_uri: String(pushed.json['request_uri']),
    });
    const { onward } = await agree(owner.browser.at(elsewhere.port), `/authorize?${query.toString()}`, allowed(linkId));
    const code = new URL(onward ?? 'x:').searchParams.get('code') ?? '';
    const form = { ...bare, grant_type: GRANT.authorizationCode, code, code_verifier: 'v'.repeat(43) };
    expect((await requester.post('/token', form, elsewhere)).status).toBe(200);
  });
});
