import { describe, expect, test } from '@jest/globals';
import type { Answer } from '@chatelaine/test-kit';
import { answersOf, batch } from '../support/batch.ts';
import type { Story } from '../support/deployment.ts';
import { ask, deployment, type Explained, idOf, made, refusalsIn, explanation } from './scene.ts';

/** The members of an explanation, except those that repeat the request. */
function withoutRequest({ asked_at: _at, resource: _resource, scope: _scope, ...said }: Explained) {
  return said;
}

const rule = (by: Story, effect: string) =>
  deployment.rows(`update rule set effect = $2 where connection_id = $1 and scope = 'photos.read'`, [
    by.connection.id,
    effect,
  ]);
const answerAsHost = (status: number, json: unknown) => {
  deployment.host.script.transfer = () => ({ status, json });
};

/** Requests that are all answered with `invalid_target`, each over its own connection. */
const NO_TARGET: readonly [string, (by: Story) => Promise<Answer>][] = [
  ['unknown', (by) => ask(by, 'photos.read', 'https://nowhere.example/api')],
  ['not shown', (by) => ask(by, 'photos.read', deployment.second.resource)],
  [
    'no longer linked',
    async (by) => {
      await deployment.rows(`update link set state = 'broken' where id = $1`, [by.linkId]);
      return ask(by);
    },
  ],
  [
    'broken at the Host just now',
    (by) => {
      deployment.host.expireLinkTokens();
      deployment.host.script.refresh = () => ({ status: 400, json: { error: 'invalid_grant' } });
      return ask(by);
    },
  ],
  [
    'unknown to its Host',
    (by) => {
      answerAsHost(400, { error: 'invalid_target' });
      return ask(by);
    },
  ],
];

/** What a Requester can learn about why its request was refused. PROTOCOL §3.9. */
export function explanations(): void {
  describe('a refusal is explained to the Requester that got it', () => {
    const refusals: readonly [string, string, (by: Story) => Promise<Answer>][] = [
      [
        'by a rule that denies',
        'ask_owner',
        async (by) => {
          await rule(by, 'deny');
          return ask(by);
        },
      ],
      ['because the owner has to be asked', 'ask_owner', (by) => ask(by, 'photos.write')],
      ['for a scope that was not chosen', 'narrow_scope', (by) => ask(by, 'photos.all')],
      [
        'for a scope that the Host does not share',
        'narrow_scope',
        async (by) => {
          await deployment.rows(`update link set transfer_scope = '{photos.write}' where id = $1`, [by.linkId]);
          return ask(by);
        },
      ],
      [
        'while it is paused',
        'wait',
        async (by) => {
          await deployment.rows(`update oauth_grant set paused_until = 'infinity' where id = $1`, [by.connection.id]);
          return ask(by);
        },
      ],
      [
        'by the Host itself',
        'ask_owner',
        (by) => {
          answerAsHost(400, { error: 'access_denied' });
          return ask(by);
        },
      ],
      [
        'by a Host that has too much to do',
        'wait',
        (by) => {
          answerAsHost(503, { error: 'temporarily_unavailable' });
          return ask(by);
        },
      ],
      [
        'because the Host’s answer was no good',
        'report',
        (by) => {
          answerAsHost(200, { token_type: 'odd' });
          return ask(by);
        },
      ],
      ...NO_TARGET.map(([what, act]): [string, string, typeof act] => [
        `for a Host that is ${what}`,
        'choose_target',
        act,
      ]),
    ];
    test.each(refusals)('%s: by its own error, and what would change it', async (_what, remedy, act) => {
      const by = await made();
      const refused = await act(by);
      const answer = await explanation(by, idOf(refused), { port: deployment.ams[1].port });
      expect([answer.status, answer.headers['cache-control']]).toEqual([200, 'no-store']);
      const { error, error_description: description } = refused.json;
      expect(refusalsIn(answer)).toEqual([
        {
          asked_at: expect.any(Number),
          resource: expect.stringContaining('/api'),
          scope: expect.stringContaining('photos.'),
          error,
          error_description: description,
          error_uri: `${deployment.issuer}/docs#${String(error)}`,
          remedy,
          advice: expect.stringMatching(/\.$/),
        },
      ]);
    });

    test('the same way whether a Host is unknown, not linked or not shown', async () => {
      const said: unknown[] = [];
      for (const [, act] of NO_TARGET) {
        const by = await made();
        const [refusal] = refusalsIn(await explanation(by, idOf(await act(by))));
        said.push(refusal && withoutRequest(refusal));
        deployment.host.reset();
      }
      expect(said).toEqual(NO_TARGET.map(() => said[0]));
      expect(said[0]).toMatchObject({ error: 'invalid_target' });
    });

    test('the same way whether the owner or the Host keeps a scope back', async () => {
      const [here, there] = [await made(), await made()];
      const notChosen = idOf(await ask(here, 'photos.all'));
      answerAsHost(400, { error: 'invalid_scope' });
      const notShared = idOf(await ask(there));
      const [one, other] = [await explanation(here, notChosen), await explanation(there, notShared)].map(
        (answer) => refusalsIn(answer)[0],
      );
      expect(one && withoutRequest(one)).toEqual(other && withoutRequest(other));
    });

    test('as it was then, whatever the owner has changed since', async () => {
      const by = await made();
      await rule(by, 'deny');
      const id = idOf(await ask(by));
      await rule(by, 'allow');
      expect(refusalsIn(await explanation(by, id))).toMatchObject([{ error: 'access_denied', remedy: 'ask_owner' }]);
    });

    test('item by item, where it was a batch call', async () => {
      const by = await made();
      const { resource } = deployment.host;
      const items = [
        { id: '1', resource, scope: 'photos.read' },
        { id: '2', resource, scope: 'photos.all' },
        { id: '3', resource: deployment.second.resource, scope: 'photos.read' },
      ];
      const answers = answersOf(await batch(deployment, by, { items }));
      const ids = new Set(answers.flatMap(({ request_id: id }) => (id === undefined ? [] : [id])));
      expect([answers.map(({ status }) => status), ids.size]).toEqual([[200, 400, 400], 1]);
      const refusals = refusalsIn(await explanation(by, [...ids][0]));
      expect(refusals.map(({ error }) => error).toSorted()).toEqual(['invalid_scope', 'invalid_target']);
    });
  });
}
