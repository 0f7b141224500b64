import { describe, expect, test } from '@jest/globals';
import { generateSigningKey, mintToken } from '@chatelaine/crypto';
import type { Answer } from '@chatelaine/test-kit';
import { ask, deployment, idOf, made, refusalsIn, RIGHTS, explanation } from './scene.ts';

/** What no explanation reveals. PROTOCOL §3.9. */
export function withheldExplanations(): void {
  describe('nothing is said', () => {
    test('of a request of another connection, an unknown one, or one of long ago: one answer', async () => {
      const by = await made();
      const id = idOf(await ask(by, 'photos.all'));
      const beside = await deployment.beside(by, RIGHTS);
      const stranger = await deployment.story(RIGHTS);
      const old = idOf(await ask(by, 'photos.all'));
      await deployment.rows(`update transfer set started_at = now() - interval '8 days' where request_id = $1`, [old]);
      expect((await ask(by)).json['request_id']).toBeUndefined();
      const answers = [
        await explanation(beside, id),
        await explanation(stranger, id),
        await explanation(by, 'never-there'),
        await explanation(by, old),
        await explanation(stranger, old),
      ];
      expect(answers.map(({ status, text }) => [status, text])).toEqual(answers.map(() => [200, '{"refusals":[]}']));
      expect(refusalsIn(await explanation(by, id))).toHaveLength(1);
    });

    test('to whoever does not show the connection’s token and its key, once', async () => {
      const by = await made();
      const other = await deployment.beside(by, RIGHTS);
      const id = idOf(await ask(by, 'photos.all'));
      const proofs = [await by.requester.proof('/refusals', { htm: 'GET', accessToken: by.connection.accessToken })];
      expect(refusalsIn(await explanation(by, id, { proofs }))).toHaveLength(1);
      const refused: [Answer, string][] = [
        [await explanation(by, id, { token: null }), 'invalid_token'],
        [await explanation(by, id, { token: mintToken('ct', 7) }), 'invalid_token'],
        [await explanation(by, id, { token: by.connection.refreshToken }), 'invalid_token'],
        [await explanation(by, id, { key: generateSigningKey() }), 'invalid_token'],
        [await explanation(other, id, { token: by.connection.accessToken }), 'invalid_token'],
        [await explanation(by, id, { proofs: [] }), 'invalid_dpop_proof'],
        [
          await explanation(by, id, { proofs: [await by.requester.proof('/targets', { htm: 'GET' })] }),
          'invalid_dpop_proof',
        ],
        [await explanation(by, id, { proofs, port: deployment.ams[1].port }), 'invalid_dpop_proof'],
      ];
      for (const [answer, error] of refused) {
        expect([answer.status, answer.json['error']]).toEqual([401, error]);
        expect(answer.text).not.toContain('refusals');
      }
      await by.owner.browser.submit(`/apps/${by.connection.id}`, `/apps/${by.connection.id}/stop`);
      const stopped = await explanation(by, id);
      expect([stopped.status, stopped.json['error']]).toEqual([401, 'invalid_token']);
    });

    test.each([
      ['none', ''],
      ['an empty one', '?request_id='],
      ['two', '?request_id=aaaaaaaaaaaa&request_id=bbbbbbbbbbbb'],
      ['one beside another parameter', '?request_id=aaaaaaaaaaaa&owner=1'],
      ['what could be no id', '?request_id=%27%3B--%20select%201'],
      ['NUL', '?request_id=aaaaaaaa%00'],
      ['a broken escape', '?request_id=%E0%A4%A'],
      ['far too long a one', `?request_id=${'a'.repeat(4_000)}`],
    ])('where the id is %s: 400', async (_what, query) => {
      const answer = await explanation(await made(), '', { query });
      expect([answer.status, answer.json['error']]).toEqual([400, 'invalid_request']);
    });

    test('to another method: 405', async () => {
      const by = await made();
      for (const method of ['POST', 'PUT', 'DELETE']) {
        const answer = await explanation(by, 'aaaaaaaaaaaa', { method });
        expect([answer.status, answer.headers.allow]).toEqual([405, 'GET']);
      }
    });

    test('in an error about a token that is not good: there is nobody to explain it to', async () => {
      const by = await made();
      const params = { subject_token: mintToken('ct', 7) };
      const answer = await by.requester.transfer({
        connection: by.connection,
        resource: deployment.host.resource,
        scope: 'photos.read',
        params,
      });
      expect(Object.keys(answer.json).toSorted()).toEqual(['error', 'error_description']);
    });
  });
}
