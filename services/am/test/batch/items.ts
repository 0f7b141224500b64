import { describe, expect, it } from '@jest/globals';
import { answersOf, ASKED, batch, outcomesById } from '../support/batch.ts';
import { SCOPES } from '../support/host-script.ts';
import { withoutRequestId } from '../support/requester.ts';
import type { ScriptedHost } from '../support/scripted-host.ts';
import { asIds, itemAtSecondHost, deployment, fresh, item, many, story } from './scene.ts';

/** The answer to each item of a batch call. */
export function items(): void {
  describe('a batch call', () => {
    it('answers each item under its id, in the order of the request, as hop 1 would', async () => {
      const single = await story.requester.transfer({ connection: story.connection, ...item('x') });
      const items = [
        item('one'),
        item('two', { scope: 'photos.read nothing.such' }),
        itemAtSecondHost('three'),
        item('four', { scope: 'photos.write', purpose: 'to print them' }),
        item('five', { resource: 'not a URL' }),
        item('six', { scope: '' }),
      ];
      const { status, headers, json } = await batch(deployment, story, { items });
      expect([status, headers['content-type'], headers['cache-control']]).toEqual([
        200,
        'application/json; charset=utf-8',
        'no-store',
      ]);
      const token = (host: ScriptedHost) => ({
        ...single.json,
        access_token: expect.stringMatching(/^at-/),
        resource: host.resource,
        iss: host.issuer,
      });
      const error_description = expect.any(String);
      const request_id = expect.any(String);
      expect(json).toEqual({
        transfers: [
          { id: 'one', status: 200, ...token(deployment.host) },
          { id: 'two', status: 400, error: 'invalid_scope', error_description, request_id },
          { id: 'three', status: 200, ...token(deployment.second) },
          {
            id: 'four',
            status: 400,
            error: 'interaction_required',
            error_description,
            request_id,
            interaction_uri: expect.stringMatching(/\/asks\//),
            scope: 'photos.write',
          },
          { id: 'five', status: 400, error: 'invalid_request', error_description },
          { id: 'six', status: 400, error: 'invalid_scope', error_description },
        ],
      });
    });

    it('that may wait gets a code for each item that needs the owner, and tokens for the others', async () => {
      const items = [item('now'), item('later', { scope: 'albums.write' })];
      const [now, later] = answersOf(
        await batch(deployment, story, { items, members: { completion_mode: 'deferred' } }),
      );
      expect(now).toMatchObject({ id: 'now', status: 200 });
      expect(later).toMatchObject({
        id: 'later',
        status: 400,
        error: 'authorization_pending',
        deferral_code: expect.any(String),
      });
    });

    it('of two hundred items of which thirty need asking: twenty are, ten are told to wait, others go on', async () => {
      const by = await fresh();
      const sets = Array.from({ length: 32 }, (_, bits) =>
        Object.keys(SCOPES).filter((_scope, at) => bits & (1 << at)),
      );
      const asks = sets.filter((set) => set.some((scope) => ASKED.includes(scope)));
      const items = many(200).map((each, n) => ({
        ...each,
        scope: asks[n % 7 === 0 ? n / 7 : 99]?.join(' ') ?? each.scope,
      }));
      expect(items.filter(({ scope }) => scope !== 'photos.read').length).toBe(29);
      const withAll = items.map((each) => (each.id === 'i199' ? { ...each, scope: asks[29]?.join(' ') ?? '' } : each));
      const { json } = await batch(deployment, by, { items: withAll });
      const answers = json['transfers'] as { id: string; status: number; error?: string; retry_after?: number }[];
      expect(asIds(answers)).toEqual(asIds(items));
      const outcomes = Map.groupBy(answers, ({ status, error = 'a token' }) => `${status} ${error}`);
      expect(Object.fromEntries([...outcomes].map(([outcome, { length }]) => [outcome, length]))).toEqual({
        '200 a token': 170,
        '400 interaction_required': 20,
        '429 temporarily_unavailable': 10,
      });
      expect(answers.find(({ status }) => status === 429)?.retry_after).toBeGreaterThan(0);
      const others = await batch(deployment, story, { items: [item('a', { scope: 'photos.write' })] });
      expect(outcomesById(answersOf(others))).toEqual({ a: '400 interaction_required' });
    });

    it('says the same of a Host that is not shown to it and of one that nobody has', async () => {
      const narrow = await deployment.beside(story, { 'photos.read': 'allow' });
      const items = [itemAtSecondHost('a'), item('a', { resource: 'http://nobody.localhost:1/api' })];
      const [shown, unknown] = await Promise.all(items.map((one) => batch(deployment, narrow, { items: [one] })));
      expect(outcomesById(answersOf(shown as never))).toEqual({ a: '400 invalid_target' });
      expect(unknown && withoutRequestId(unknown)).toBe(shown && withoutRequestId(shown));
    });

    it('that asks twice for the same gets two tokens; of one approval, only one', async () => {
      const by = await fresh();
      const { json } = await batch(deployment, by, { items: many(2) });
      const tokens = (json['transfers'] as { access_token: string }[]).map(({ access_token }) => access_token);
      expect(new Set(tokens).size).toBe(2);

      const [asked] = answersOf(await batch(deployment, by, { items: [item('a', { scope: 'faces.read' })] }));
      const page = new URL(String(asked?.['interaction_uri'])).pathname;
      expect((await by.owner.browser.submit(page, page, { answer: 'once' })).status).toBe(200);
      const twice = answersOf(await batch(deployment, by, { items: many(2, { scope: 'faces.read' }) }));
      expect(Object.values(outcomesById(twice)).toSorted()).toEqual(['200', '400 interaction_required']);
    });

    it('of either of two accounts at one Host uses that account’s link and no other', async () => {
      const other = await deployment.link(story.owner);
      const second = {
        ...story,
        connection: await deployment.connect({ ...story, linkId: other, answers: { 'photos.read': 'allow' } }),
      };
      for (const by of [story, second, story])
        expect((await batch(deployment, by, { items: [item('a')] })).status).toBe(200);
      const used = await deployment.rows<{ link_id: string }>(
        'select link_id from transfer where owner_id = $1 order by started_at desc limit 3',
        [story.owner.id],
      );
      expect(used.map(({ link_id }) => link_id)).toEqual([story.linkId, other, story.linkId]);
    });
  });
}
