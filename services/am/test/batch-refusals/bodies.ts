import { mintToken } from '@chatelaine/crypto';
import { BATCH } from '@chatelaine/protocol';
import type { Answer } from '@chatelaine/test-kit';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { answersOf } from '../support/batch.ts';
import { exchange } from '../support/requester.ts';
import { call, deployment, item, itemsWithoutHost, statusOf, story } from './scene.ts';

/** Which bodies are accepted. */
export function bodies(): void {
  describe('a body', () => {
    const good = async () => JSON.stringify({ transfers: [item()], ...(await story.requester.authentication()) });
    const withItem = (over: object) => call({ members: { transfers: [{ ...item(), ...over }] } });

    it.each<[string, () => Promise<Answer>]>([
      ['that is no JSON', () => call({ body: '{"transfers":' })],
      ['that is empty', () => call({ body: '' })],
      ['that is a list', () => call({ body: '[]' })],
      ['that is null', () => call({ body: 'null' })],
      ['with a member twice', async () => call({ body: (await good()).replace('{', '{"transfers":[],') })],
      ['with a member of an item twice', async () => call({ body: (await good()).replace('[{', '[{"id":"b",') })],
      ['with a byte order mark', async () => call({ body: `\ufeff${await good()}` })],
      ['without transfers', () => call({ members: { transfers: undefined } })],
      ['with none', () => call({ members: { transfers: [] } })],
      ['with one too many', () => call({ items: itemsWithoutHost(BATCH.items + 1) })],
      ['with the same id twice', () => call({ items: [item(), item()] })],
      ['with an id that is too long', () => withItem({ id: 'x'.repeat(BATCH.idChars + 1) })],
      ['with an empty id', () => withItem({ id: '' })],
      ['with an id that cannot be seen', () => withItem({ id: 'a\u0000' })],
      ['with an id that is a number', () => withItem({ id: 1 })],
      ['with a resource that is a list', () => withItem({ resource: [deployment.host.resource] })],
      ['without scope', () => withItem({ scope: undefined })],
      ['that names a key', () => withItem({ cnf: { jkt: 'x' } })],
      ['that names another token', () => withItem({ subject_token: mintToken('ct', 5) })],
      ['that names another key for all', () => call({ members: { jkt: 'x' } })],
      ['with a client secret', () => call({ members: { client_secret: 'x' } })],
      ['with a client_id that cannot be seen', () => call({ members: { client_id: 'a\u0000b' } })],
      ['with another completion_mode', () => call({ members: { completion_mode: 'sometime' } })],
    ])('%s is refused as a whole', async (_what, send) => {
      const { status, json } = await send();
      expect({ status, ...json }).toEqual({
        status: 400,
        error: 'invalid_request',
        error_description: expect.any(String),
      });
      expect(deployment.host.hops).toEqual([]);
    });

    it('may not be larger than two hundred items need, of another type, or sent otherwise', async () => {
      const big = { ...item(), actor_token: 'x'.repeat(8000) };
      const items = Array.from({ length: 70 }, (_, n) => ({ ...big, id: `i${n}` }));
      expect(
        statusOf([
          await call({ items }),
          await call({ headers: { 'content-type': 'application/x-www-form-urlencoded' } }),
          await call({ headers: { 'content-type': 'text/plain' } }),
          await exchange(deployment.ams[0].port, { method: 'GET', path: '/transfers' }),
        ]),
      ).toEqual([413, 415, 415, 405]);
    });

    it('whatever is in it gets no 5xx, whole or in any item', async () => {
      const text = fc.oneof(
        fc.constantFrom(
          'photos.read',
          deployment.host.resource,
          deployment.host.issuer,
          'http://[',
          'https://x/#',
          '\u0000',
          '\ud800',
          'a b',
          'javascript:0',
        ),
        fc.array(fc.nat({ max: 0x10_ffff }), { maxLength: 8 }).map((points) => String.fromCodePoint(...points)),
      );
      const value = fc.oneof({ weight: 5, arbitrary: text }, { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 2 }) });
      const anyItem = fc.record(
        { id: fc.oneof(fc.uuid(), text), resource: value, scope: value, purpose: value, actor_token: value },
        { requiredKeys: ['id', 'resource'] },
      );
      const body = fc.record(
        {
          transfers: fc.oneof(
            { weight: 6, arbitrary: fc.array(anyItem, { minLength: 1, maxLength: 4 }) },
            { weight: 1, arbitrary: fc.jsonValue() },
          ),
          completion_mode: fc.option(value, { nil: undefined }),
        },
        { requiredKeys: ['transfers'] },
      );
      await fc.assert(
        fc.asyncProperty(body, async (members) => {
          const answer = await call({ members });
          const statuses = [answer.status, ...answersOf(answer).map(({ status }) => status)];
          return statuses.every((status) => status < 500);
        }),
        { numRuns: 60 },
      );
    });
  });
}
