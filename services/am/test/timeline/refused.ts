import { describe, expect, test } from '@jest/globals';
import { createDpopProof, generateSigningKey } from '@chatelaine/crypto';
import { batch } from '../support/batch.ts';
import type { Story } from '../support/deployment.ts';
import { clock } from '../support/requester.ts';
import { deployment, linesOf, page } from './scene.ts';

const kept = ({ owner }: Story) =>
  deployment.rows<{
    id: string;
    state: string;
    error: string | null;
    request_id: string | null;
    link_id: string | null;
  }>('select id, state, error, request_id, link_id from transfer where owner_id = $1 order by started_at, id', [
    owner.id,
  ]);
const ask = (
  { requester, connection }: Story,
  over: { scope?: string; resource?: string; params?: Record<string, string>; proofs?: readonly string[] } = {},
) => requester.transfer({ connection, resource: deployment.host.resource, scope: 'photos.read', ...over });
const made = () => deployment.story({ 'photos.read': 'allow', 'photos.write': 'ask' }, { name: 'Lifestream' });

/** Requests that were refused before any Host was asked are shown to their owner. */
export function refused(): void {
  describe('what a Requester asks for and is refused here', () => {
    test.each<[string, string, (by: Story) => Promise<unknown>, string, string, string]>([
      [
        'by a rule that denies',
        '400 access_denied',
        async (by) => {
          await deployment.rows(`update rule set effect = 'deny' where connection_id = $1`, [by.connection.id]);
          return ask(by);
        },
        'rule',
        'you never allow it',
        'What Lifestream may do',
      ],
      [
        'because its owner has to be asked',
        '400 interaction_required',
        (by) => ask(by, { scope: 'photos.write' }),
        'asked',
        'you had to be asked first',
        'What waits for your answer',
      ],
      [
        'for a scope that was not chosen',
        '400 invalid_scope',
        (by) => ask(by, { scope: 'photos.all' }),
        'not_chosen',
        'you have not let it ask for that',
        'Let Lifestream ask for more',
      ],
      [
        'beyond what the Host shares',
        '400 invalid_scope',
        async (by) => {
          await deployment.rows(`update link set transfer_scope = '{photos.write}' where id = $1`, [by.linkId]);
          return ask(by);
        },
        'beyond_ceiling',
        'the service shares less',
        'Link Photos anew',
      ],
      [
        'for a service that it is not shown',
        '400 invalid_target',
        (by) => ask(by, { resource: deployment.second.resource }),
        'not_shown',
        'you show it no such service',
        'Let Lifestream ask for more',
      ],
    ])(
      '%s is in the activity, with the reason, the request and what would mend it',
      async (_what, expected, act, reason, sentence, mend) => {
        const by = await made();
        const answer = (await act(by)) as Awaited<ReturnType<typeof ask>>;
        expect(`${answer.status} ${String(answer.json['error'])}`).toBe(expected);
        const [row, ...more] = await kept(by);
        expect([row, more]).toEqual([expect.objectContaining({ state: 'refused', error: reason }), []]);
        expect(row?.request_id).toMatch(/^[\w-]{8,}$/);
        const activity = await page('?outcome=refused', by);
        expect([linesOf(activity.words), activity.words]).toEqual([1, expect.stringContaining(sentence)]);
        const why = await by.owner.browser.get(`/timeline/${row?.id}`);
        expect(why.status).toBe(200);
        expect(why.words).toContain(mend);
        expect(why.words).toContain(row?.request_id ?? '');
        expect(deployment.host.hops.filter(({ form }) => form.get('scope') === 'photos.all')).toEqual([]);
      },
    );

    test('in a batch call is written down item by item, and shown as one line', async () => {
      const by = await made();
      await deployment.rows(`update rule set effect = 'deny' where connection_id = $1`, [by.connection.id]);
      const items = Array.from({ length: 7 }, (_, n) => ({
        id: String(n),
        resource: deployment.host.resource,
        scope: 'photos.read',
      }));
      expect((await batch(deployment, by, { items })).status).toBe(200);
      expect((await kept(by)).map(({ error }) => error)).toEqual(items.map(() => 'rule'));
      const { words } = await page('', by);
      expect([linesOf(words), /7 times/.test(words)]).toEqual([1, true]);
    });

    test('by somebody who has not shown that the connection is theirs is none of the owner’s activity', async () => {
      const by = await made();
      const other = await deployment.beside(by, { 'photos.read': 'allow' });
      const before = (await kept(by)).length;
      const asOther = await other.requester.transfer({
        connection: by.connection,
        resource: deployment.second.resource,
        scope: 'photos.read',
      });
      expect(asOther.status).toBe(400);
      const proof = await createDpopProof({
        key: generateSigningKey(),
        htm: 'POST',
        htu: `${deployment.issuer}/token`,
        clock,
      });
      expect((await ask(by, { resource: deployment.second.resource, proofs: [proof] })).status).toBe(400);
      expect((await ask(by, { resource: deployment.second.resource, proofs: [] })).status).toBe(400);
      const wrong = { subject_token: `cha_ct_${'A'.repeat(46)}` };
      expect((await ask(by, { resource: deployment.second.resource, params: wrong })).status).toBe(400);
      const assertion = { client_assertion: await by.requester.assertion({ aud: 'https://else.example' }) };
      const unknown = { ...(await by.requester.authentication()), ...assertion };
      expect((await ask(by, { resource: deployment.second.resource, params: unknown })).status).toBe(401);
      expect(await kept(by)).toHaveLength(before);
    });

    test('with a proof that was used before is written down once', async () => {
      const by = await made();
      const proofs = [await by.requester.proof('/token')];
      const answers = [
        await ask(by, { resource: deployment.second.resource, proofs }),
        await ask(by, { resource: deployment.second.resource, proofs }),
      ];
      expect(answers.map(({ json }) => json['error'])).toEqual(['invalid_target', 'invalid_dpop_proof']);
      expect(await kept(by)).toHaveLength(1);
    });

    test('while it waits, poll after poll, or once its owner has stopped it, is not written down again', async () => {
      const by = await made();
      const waiting = await ask(by, { scope: 'photos.write', params: { completion_mode: 'deferred' } });
      await by.requester.poll(String(waiting.json['deferral_code']));
      expect((await kept(by)).map(({ error }) => error)).toEqual(['asked']);
      await by.owner.browser.submit(`/apps/${by.connection.id}`, `/apps/${by.connection.id}/stop`);
      expect((await ask(by)).status).toBe(400);
      expect(await kept(by)).toHaveLength(1);
    });
  });
}
