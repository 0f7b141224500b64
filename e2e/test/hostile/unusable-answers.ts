import { act } from '@chatelaine/constellation';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { linkHostile, type Raw, type Reader, typeAddress, type World } from './world.ts';

const { POISON, changing, saying, sending } = act;
const UNUSABLE = [502, 'server_error'] as const;
/** The answer for a Host that is unavailable, and may be back in a moment. */
const AWAY = [503, 'temporarily_unavailable'] as const;
const THREE_TOKENS = { access_token: POISON, token_type: 'DPoP', refresh_token: POISON };

/** A Host that lies is refused with the listed error, and nothing of its answer is relayed. PROTOCOL §3.5, §3.8 */
export function unusableAnswers(worldOf: () => World): void {
  let world: World;
  let reader: Reader;
  beforeAll(async () => {
    world = worldOf();
    // each process has its own circuit breaker: at a single one, lies and honest answers alternate
    world.deployment.am.front.direct(0);
    reader = await world.connect(world.owners[0], { name: 'Lied to' });
  });

  afterAll(() => world.deployment.am.front.direct(null));

  const statusAndError = ({ status, json }: Raw) => [status, json['error']];
  /** Whether the answer is free of what must not be relayed, in its headers and in its body. */
  const clean = ({ headers, text }: Raw) => ![text, ...[...headers].flat()].some((part) => part.includes(POISON));
  const ask = (scope?: string) => reader.transfer(world.liar.resource, scope);
  const untilHonestAgain = async () => {
    world.liar.script = {};
    expect(statusAndError(await ask())).toEqual([200, undefined]);
  };

  describe('an answer of a hostile Host', () => {
    test.each<[string, () => act.Act, readonly [number, string]]>([
      ['500 in HTML', () => sending(`<h1>${POISON}</h1>`, { 'content-type': 'text/html' }, 500), UNUSABLE],
      ['500 with tokens', () => saying(THREE_TOKENS, { status: 500 }), UNUSABLE],
      [
        '500 with an OAuth error of its own',
        () => saying({ error: POISON, error_uri: POISON }, { status: 500 }),
        UNUSABLE,
      ],
      ['HTML called 200', () => sending(`<h1>${POISON}</h1>`, { 'content-type': 'text/html' }), UNUSABLE],
      ['HTML called JSON', () => sending(`<h1>${POISON}</h1>`), UNUSABLE],
      ['10 MB', () => changing(() => ({ padding: POISON.repeat(900_000) })), UNUSABLE],
      ['10 MB in 10 KB', () => act.gzipBomb(), UNUSABLE],
      [
        'a redirect',
        () => sending('', { location: `${world.deployment.host('photos').url}/?${POISON}` }, 307),
        UNUSABLE,
      ],
      ['half of one', () => act.breakingOff, AWAY],
      ['headers without end', () => act.withEndlessHeaders, UNUSABLE],
      ['members that stand twice', () => sending(`{"access_token":"${POISON}","access_token":"b"}`), UNUSABLE],
      ['more after its end', () => sending(`{"access_token":"${POISON}"} {}`), UNUSABLE],
      ['a wrong iss', () => changing(() => ({ iss: `http://${POISON}.localhost` })), UNUSABLE],
      ['the iss of an honest Host', () => changing(() => ({ iss: world.deployment.host('photos').url })), UNUSABLE],
      [
        'the resource of an honest Host',
        () => changing(() => ({ resource: world.deployment.host('photos').resource })),
        UNUSABLE,
      ],
      ['a wider scope', () => changing(() => ({ scope: 'entries.read entries.write' })), UNUSABLE],
      ['another scope', () => changing(() => ({ scope: POISON })), UNUSABLE],
      ['another key', () => changing(() => ({ cnf: { jkt: 'A'.repeat(43) } })), UNUSABLE],
      ['no key', () => changing(() => ({ cnf: undefined })), UNUSABLE],
      ['Bearer instead of DPoP', () => changing(() => ({ token_type: 'Bearer' })), UNUSABLE],
      ['a life without end', () => changing(() => ({ expires_in: 1e15 })), UNUSABLE],
      ['a life before its birth', () => changing(() => ({ expires_in: -1 })), UNUSABLE],
      ['a life in words', () => changing(() => ({ expires_in: '300' })), UNUSABLE],
      ['its link token back', () => changing((_, { form }) => ({ access_token: form.get('subject_token') })), UNUSABLE],
      [
        'a deny in the name of the AM, with a page of its own',
        () =>
          saying(
            { error: 'access_denied', denied_by: 'am', interaction_uri: POISON, error_description: POISON },
            { status: 400 },
          ),
        [400, 'access_denied'],
      ],
      [
        'a question to the owner on its own page',
        () => saying({ error: 'interaction_required', interaction_uri: `http://${POISON}.localhost` }, { status: 400 }),
        UNUSABLE,
      ],
      [
        'a wait of 300 years',
        () => saying({ error: 'slow_down' }, { status: 429, headers: { 'retry-after': '9999999999' } }),
        [503, 'temporarily_unavailable'],
      ],
    ])('that is %s is refused, and nothing of it gets through', async (_what, lie, expected) => {
      world.liar.script = { transfer: lie() };
      const answer = await ask();
      expect(statusAndError(answer)).toEqual([...expected]);
      expect(clean(answer)).toBe(true);
      expect(Number(answer.headers.get('retry-after') ?? 0)).toBeLessThanOrEqual(3_600);
      await untilHonestAgain();
    });

    test('with more in it than was asked for is relayed without it', async () => {
      const more = { refresh_token: POISON, link_token: POISON, sub: POISON };
      world.liar.script = { transfer: changing(({ cnf }) => ({ ...more, cnf: { ...(cnf as object), kid: POISON } })) };
      const answer = await ask();
      expect([answer.status, clean(answer)]).toEqual([200, true]);
    });

    test('leaves no trace of its words in any log', () => {
      expect(world.deployment.logs()).not.toContain(POISON);
    });
  });

  describe('the refresh of a link', () => {
    test.each<[string, () => act.Act, readonly [number, string]]>([
      ['another scope than transfer', () => changing(() => ({ scope: 'transfer entries.read' })), UNUSABLE],
      ['no ceiling', () => changing(() => ({ transfer_scope: undefined })), UNUSABLE],
      ['a token for a key', () => changing(() => ({ token_type: 'DPoP' })), UNUSABLE],
      ['HTML', () => sending(`<h1>${POISON}</h1>`, { 'content-type': 'text/html' }), UNUSABLE],
      ['500', () => saying({ error: 'server_error' }, { status: 500 }), UNUSABLE],
    ])('that is %s is not taken, and does not break the link', async (_what, lie, expected) => {
      world.liar.expireLinkTokens();
      world.liar.script = { refresh: lie() };
      expect(statusAndError(await ask())).toEqual([...expected]);
      await untilHonestAgain();
    });

    test('that widens the ceiling gives a Requester nothing the owner did not agree to', async () => {
      world.liar.expireLinkTokens();
      world.liar.script = {
        refresh: changing(({ transfer_scope: ceiling }) => ({ transfer_scope: `${String(ceiling)} everything` })),
      };
      expect(statusAndError(await ask())).toEqual([200, undefined]);
      expect(statusAndError(await ask('everything'))).toEqual([400, 'invalid_scope']);
      await untilHonestAgain();
    });
  });

  describe('a Host that describes itself as somebody else', () => {
    const somebody = () => world.deployment.host('photos').url;
    test.each<[string, (honest: Record<string, unknown>) => Record<string, unknown>]>([
      ['with an honest Host’s issuer', (honest) => ({ ...honest, issuer: somebody() })],
      ['with an honest Host’s token endpoint', (honest) => ({ ...honest, token_endpoint: `${somebody()}/token` })],
      [
        'with an honest Host’s consent page',
        (honest) => ({ ...honest, authorization_endpoint: `${somebody()}/authorize` }),
      ],
      ['with an honest Host’s resource', (honest) => ({ ...honest, protected_resources: [`${somebody()}/api`] })],
    ])('%s is refused when its address is typed, and nothing is sent anywhere', async (_what, metadata) => {
      world.stranger.script = { metadata };
      const recording = world.deployment.record();
      const page = await typeAddress(world.owners[0], world.deployment.am.url, world.stranger.issuer);
      recording.stop();
      expect(page.links.some(({ text }) => text.startsWith('Continue to '))).toBe(false);
      expect(recording.exchanges.filter(({ service }) => service === 'photos')).toEqual([]);
    });

    test.each<[string, (honest: Record<string, string>) => Record<string, string>]>([
      ['another issuer', (honest) => ({ ...honest, iss: world.deployment.host('photos').url })],
      ['no issuer', ({ iss: _without, ...rest }) => rest],
      ['another state', (honest) => ({ ...honest, state: 'A'.repeat(43) })],
    ])(
      'coming back from its consent page with %s makes no link, and its token endpoint is not called',
      async (_what, consent) => {
        world.stranger.script = { consent };
        const page = await linkHostile(world.owners[0], world.deployment.am.url, world.stranger);
        expect(page.status).toBe(400);
        expect(world.stranger.redemptions).toEqual([]);
        const links = await world.deployment.database.query(
          'am',
          'select 1 from link join host on host.id = link.host_id where host.issuer = $1',
          [world.stranger.issuer],
        );
        expect(links).toHaveLength(0);
      },
    );
  });
}
