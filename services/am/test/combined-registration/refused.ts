import { createVerifier } from '@chatelaine/crypto';
import type { Answer } from '@chatelaine/test-kit';
import { describe, expect, test } from '@jest/globals';
import type { Requester } from '../support/requester.ts';
import { deployment, lifestream } from './scene.ts';

/** Requests that are refused before any page is shown. */
export function refusedRequests(): void {
  describe('a request is refused before anybody sees a page', () => {
    const refusal = async (requester: Requester, params: Record<string, string>): Promise<Answer> =>
      requester.post('/par', { ...(await requester.request(createVerifier())), ...params });

    test.each<[string, () => [Requester, Record<string, string>], string]>([
      ['with a grant and no Host', () => [lifestream, { host_grant: 'x' }], 'come together'],
      ['with a Host and no grant', () => [lifestream, { host: deployment.host.issuer }], 'come together'],
      ['with a grant that is none', () => [lifestream, combinedRequest({ host_grant: 'a b' })], 'not a code'],
      [
        'for another Host than its document names',
        () => [lifestream, combinedRequest({ host: deployment.second.issuer })],
        'chatelaine_host',
      ],
      [
        'for a Host spelled in another way',
        () => [lifestream, combinedRequest({ host: `${deployment.host.issuer}/` })],
        'chatelaine_host',
      ],
      [
        'by a client whose document names no Host',
        () => [deployment.requester(), combinedRequest()],
        'chatelaine_host',
      ],
      ['by a client that the Host does not name', () => [impostor(), combinedRequest()], 'chatelaine_requester'],
      [
        'for a Host that names nobody',
        () => [requesterAtSecondHost(), combinedRequest({ host: deployment.second.issuer })],
        'chatelaine_requester',
      ],
      ['for what is no Host', () => [nowhere(), combinedRequest({ host: deployment.documents.origin })], 'not a Host'],
      ['for this very AM', () => [requesterAtThisAm(), combinedRequest({ host: deployment.issuer })], 'itself'],
      ['by a client without keys', () => [keyless(), combinedRequest()], 'private_key_jwt'],
    ])('%s', async (_case, make, sentence) => {
      const [requester, params] = make();
      const { status, json } = await refusal(requester, params);
      expect([status, json['error']]).toEqual([400, 'invalid_request']);
      expect(json['error_description']).toContain(sentence);
    });

    test('in an address that a browser brings', async () => {
      const { browser } = await deployment.owner();
      const { client_assertion: _a, client_assertion_type: _t, ...plain } = await lifestream.request(createVerifier());
      const query = new URLSearchParams({ ...plain, client_id: lifestream.clientId, ...combinedRequest() });
      const { headers } = await browser.get(`/authorize?${query.toString()}`);
      const answer = new URL(headers.location ?? 'x:').searchParams;
      expect([answer.get('error'), answer.get('error_description')?.includes('pushed')]).toEqual([
        'invalid_request',
        true,
      ]);
    });

    test('from a source that made this AM read too much', async () => {
      const { limits } = deployment.config;
      const documents = { name: 'few_documents', points: 5, perSeconds: 60 };
      const { port } = await deployment.another({
        config: { limits: { ...limits, oauth: { ...limits.oauth, documents } } },
      });
      const requester = nowhere();
      const statuses: number[] = [];
      for (let at = 0; at < 5; at++) {
        const request = {
          ...(await requester.request(createVerifier())),
          ...combinedRequest({ host: deployment.documents.origin }),
        };
        statuses.push((await requester.post('/par', request, { port })).status);
      }
      // counted: the client's document, its keys, and each time the metadata of the supposed Host
      expect(statuses).toEqual([400, 400, 400, 429, 429]);
    });

    const combinedRequest = (over: Record<string, string> = {}) => ({
      host: deployment.host.issuer,
      host_grant: 'hg',
      ...over,
    });
    const impostor = () => deployment.requester({ host: deployment.host.issuer });
    const requesterAtSecondHost = () => deployment.requester({ host: deployment.second.issuer });
    const nowhere = () => deployment.requester({ host: deployment.documents.origin });
    const requesterAtThisAm = () => deployment.requester({ host: deployment.issuer });
    const keyless = () => deployment.requester({ host: deployment.host.issuer, keys: 'none' });
  });
}
