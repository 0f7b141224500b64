import { describe, expect, test } from '@jest/globals';
import { ready } from './support/app.ts';
import { deploymentForAll } from './support/deployment.ts';

const deployment = await deploymentForAll();

describe('a refusal', () => {
  const request_id = 'aBc_-.123456';
  const refused = (error: string, more: object = {}) => {
    deployment.on['am /token'] = () => ({ status: 400, json: { error, request_id, ...more } });
  };

  test.each([
    ['invalid_target', {}],
    ['invalid_scope', {}],
    ['access_denied', { denied_by: 'am' }],
    ['terms_required', {}],
    ['server_error', {}],
  ])('by %s names its request', async (error, more) => {
    const { input, requester } = await ready(deployment);
    refused(error, more);
    expect(await requester.transfer(input)).toMatchObject({ requestId: request_id });
  });

  test('with an id that is none has none', async () => {
    const { input, requester } = await ready(deployment);
    for (const odd of ['', 'x y', 7, null, 'a'.repeat(65)]) {
      refused('invalid_target', { request_id: odd });
      expect(await requester.transfer(input)).toEqual({ kind: 'invalid_target' });
    }
  });

  test('is explained by the AM, to this connection alone', async () => {
    const { ref, requester } = await ready(deployment);
    const known = { asked_at: 1, resource: 'https://a.example/api', scope: 'x', error: 'invalid_scope' };
    const told = { ...known, error_description: 'd', error_uri: 'https://am.example/docs#x', advice: 'Ask for less.' };
    const asked: string[] = [];
    deployment.on['am /refusals'] = ({ query, headers }) => {
      asked.push(`${String(headers.authorization).slice(0, 8)} ${query}`);
      return {
        json: {
          refusals: [
            { ...told, remedy: 'narrow_scope' },
            { ...told, remedy: 'of_a_later_version' },
          ],
        },
      };
    };
    const outcome = await requester.explain({ ...ref, requestId: request_id });
    if (outcome.kind !== 'explained') throw new Error(outcome.kind);
    expect(outcome.refusals.map(({ remedy, advice }) => [remedy, advice])).toEqual([
      ['narrow_scope', 'Ask for less.'],
      [undefined, 'Ask for less.'],
    ]);
    expect(asked).toEqual(['DPoP ct- request_id=aBc_-.123456']);
    expect(await requester.explain({ ...ref, owner: 'somebody else', requestId: request_id })).toEqual({
      kind: 'unknown_connection',
    });
    deployment.on['am /refusals'] = () => ({ json: { refusals: 'x' } });
    expect(await requester.explain({ ...ref, requestId: request_id })).toMatchObject({ kind: 'unusable' });
  });
});
