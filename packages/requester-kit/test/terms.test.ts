import { beforeEach, describe, expect, test } from '@jest/globals';
import {
  generateSigningKey,
  publicJwks,
  readTermsRecord,
  sha256base64url,
  signAgreement,
  signProffer,
  type SigningKey,
  unverifiedClaims,
} from '@chatelaine/crypto';
import { readProfferClaims, type TermsReference } from '@chatelaine/protocol';
import { createMemoryStore, type RequesterOptions, type UndecidedTerms } from '../src/index.ts';
import { connected, startApp } from './support/app.ts';
import { deploymentForAll, itemsOf, ndjson } from './support/deployment.ts';

const deployment = await deploymentForAll();
const amKey = generateSigningKey();
const text = (what: string) => JSON.stringify({ title: what });
const reference = (what: string): TermsReference => ({
  uri: `${deployment.am}/terms/${what}/1.0`,
  digest: sha256base64url(text(what)),
});
const [FAIR, OTHER, HARD] = ['fair', 'other', 'hard'].map(reference) as [
  TermsReference,
  TermsReference,
  TermsReference,
];

/** The AM's side of terms: the offer in force, the answer to it, and the agreements that were posted. */
let offered: { proffer?: string; agreement?: string };
let posted: string[];

/** Makes the AM offer these terms, signed by `key`. */
async function offer(terms: readonly TermsReference[], over: { aud?: string; iss?: string; key?: SigningKey } = {}) {
  const { aud = 'https://app.example/client', iss = deployment.am, key = amKey } = over;
  const claims = {
    iss,
    aud,
    iat: Math.floor(deployment.clock.now()),
    jti: sha256base64url(String(Math.random())).slice(0, 22),
  };
  offered = { proffer: await signProffer({ ...claims, sub: 'con_1', terms: [...terms] }, key) };
}

beforeEach(() => {
  offered = {};
  posted = [];
  deployment.metadata = {
    chatelaine_agreements_endpoint: `${deployment.am}/agreements`,
    jwks_uri: `${deployment.am}/jwks`,
  };
  deployment.on = {
    'am /jwks': () => ({ json: publicJwks([generateSigningKey('EdDSA'), amKey]) }),
    'am /agreements': ({ method, body }) => {
      if (method === 'POST') {
        const { agreement } = JSON.parse(body) as { agreement: string };
        posted.push(agreement);
        offered = { ...offered, agreement };
      }
      return { json: offered };
    },
    ...Object.fromEntries(
      ['fair', 'other', 'hard'].map((what) => [
        `am /terms/${what}/1.0`,
        () => ({ raw: (response) => response.end(text(what)) }) satisfies ReturnType<(typeof deployment.on)[string]>,
      ]),
    ),
  };
});

function app(terms: RequesterOptions['terms'], signingKey = generateSigningKey()) {
  const store = createMemoryStore({ clock: deployment.clock });
  return { ...startApp(deployment, 'document', { store, signingKey, ...(terms && { terms }) }), store };
}

const ownKey = generateSigningKey();
const answerBy = (key: SigningKey, proffer: string): Promise<string> => {
  const client = 'https://app.example/client';
  const { terms = [] } = readProfferClaims(unverifiedClaims(proffer)?.claims) ?? {};
  const [accepted] = terms;
  if (accepted === undefined) throw new Error('nothing is offered');
  const claims = {
    iss: client,
    sub: client,
    aud: deployment.am,
    iat: Math.floor(deployment.clock.now()),
    proffer,
    accepted,
  };
  return signAgreement(claims, key);
};

describe('an app', () => {
  test('signs right after it connected what its list pins, and keeps the record with the keys of the AM', async () => {
    await offer([HARD, FAIR]);
    const { requester, store } = app({ accepts: [FAIR] });
    const ref = await connected(deployment, requester);
    expect(posted).toHaveLength(1);
    const record = await readTermsRecord(posted[0] ?? '');
    expect(record).toMatchObject({ claims: { accepted: FAIR }, proffer: { text: offered.proffer } });
    const [kept] = [...store.agreements.values()];
    expect(kept).toMatchObject({ ...ref, record: posted[0] });
    expect((JSON.parse(kept?.amKeys ?? '') as { keys: unknown[] }).keys).toHaveLength(2);
    expect(await requester.terms(ref)).toBe('accepted');
    expect(posted).toHaveLength(1);
  });

  test('declines what it lists to decline, and nothing that is only beside it', async () => {
    await offer([HARD]);
    const { requester } = app({ accepts: [], declines: [HARD] });
    const ref = await connected(deployment, requester);
    expect(await readTermsRecord(posted[0] ?? '')).toMatchObject({ claims: { declined: true } });
    expect(await requester.terms(ref)).toBe('declined');
    await offer([HARD, OTHER]);
    expect(await requester.terms(ref)).toBe('undecided');
    expect(posted).toHaveLength(1);
  });

  test.each<[string, TermsReference, UndecidedTerms['reason']]>([
    ['not on a list', OTHER, 'unlisted'],
    ['on the list with another digest', { ...FAIR, digest: 'x'.repeat(43) }, 'unlisted'],
  ])('signs nothing that is %s, and tells its operator', async (_what, terms, reason) => {
    await offer([terms]);
    const seen: UndecidedTerms[] = [];
    const { requester } = app({ accepts: [FAIR], undecided: (one) => seen.push(one) });
    await connected(deployment, requester);
    expect([posted, seen]).toEqual([[], [{ am: deployment.am, terms: [terms], reason }]]);
  });

  test('signs nothing whose text is not what the digest says, nor what is at another origin than the AM', async () => {
    const elsewhere = { uri: `${deployment.host}/terms/fair/1.0`, digest: FAIR.digest };
    deployment.on['host /terms/fair/1.0'] = () => ({ raw: (response) => response.end(text('fair')) });
    deployment.on['am /terms/fair/1.0'] = () => ({ raw: (response) => response.end('{"title":"worse"}') });
    await offer([FAIR, elsewhere]);
    const seen: UndecidedTerms[] = [];
    const { requester } = app({ accepts: [FAIR, elsewhere], undecided: (one) => seen.push(one) });
    await connected(deployment, requester);
    expect([posted, seen.map(({ reason }) => reason)]).toEqual([[], ['changed']]);
  });

  test.each<[string, Parameters<typeof offer>[1]]>([
    ['to another client', { aud: 'https://else.example/client' }],
    ['of another AM', { iss: 'https://am.else.example' }],
    ['by a key that the AM does not publish', { key: generateSigningKey() }],
  ])('signs no offer %s', async (_what, over) => {
    await offer([FAIR], over);
    const { requester } = app({ accepts: [FAIR] });
    const ref = await connected(deployment, requester);
    expect([posted, await requester.terms(ref)]).toEqual([[], 'unknown']);
  });

  test.each<[string, (proffer: string) => Promise<string>]>([
    ['signed by a key that is not its own', (proffer) => answerBy(generateSigningKey(), proffer)],
    [
      'to another offer than the one in force',
      async (proffer) => {
        await offer([OTHER]);
        const record = await answerBy(ownKey, offered.proffer ?? '');
        offered = { proffer };
        return record;
      },
    ],
  ])('believes and keeps no record %s, asked for or given for its own answer', async (_what, forge) => {
    await offer([FAIR]);
    const forged = await forge(offered.proffer ?? '');
    offered = { ...offered, agreement: forged };
    const { requester, store } = app({ accepts: [FAIR] }, ownKey);
    const ref = await connected(deployment, requester);
    expect([await requester.terms(ref), store.agreements.size]).toEqual(['unknown', 0]);
    const { proffer = '' } = offered;
    offered = { proffer };
    deployment.on['am /agreements'] = ({ method }) => ({
      json: method === 'POST' ? { proffer, agreement: forged } : offered,
    });
    expect([await requester.terms(ref), store.agreements.size]).toEqual(['unknown', 0]);
  });

  test('knows what it signed when its keys have changed since', async () => {
    await offer([FAIR]);
    const { requester, store } = app({ accepts: [FAIR] }, ownKey);
    const ref = await connected(deployment, requester);
    const later = startApp(deployment, 'document', { store, terms: { accepts: [] } }).requester;
    expect(await later.terms(ref)).toBe('accepted');
  });

  test('that an AM without such an endpoint serves asks it nothing of terms', async () => {
    deployment.metadata = {};
    await connected(deployment, app({ accepts: [FAIR] }).requester);
    expect(deployment.count('am /agreements')).toBe(0);
  });

  test('says in its client document what it accepts', () => {
    expect(app({ accepts: [FAIR, OTHER] }).requester.clientMetadata()?.chatelaine_terms).toEqual([FAIR.uri, OTHER.uri]);
  });
});

describe('a token that is refused until terms are answered', () => {
  /** The AM refuses transfers with `terms_required` until the terms are answered. */
  const refuseUntilSigned = async (terms: readonly TermsReference[]) => {
    await offer(terms);
    const required = { error: 'terms_required', terms, proffer: offered.proffer };
    deployment.on['am /token'] = (one) =>
      one.form.get('grant_type')?.endsWith('token-exchange') && offered.agreement === undefined
        ? { status: 400, json: required }
        : deployment.behave(one);
    deployment.on['am /transfers'] = (one) =>
      offered.agreement === undefined
        ? ndjson((response) => {
            const lines = itemsOf(one).map(({ id }) => JSON.stringify({ id, status: 400, ...required }));
            response.end(`${lines.join('\n')}\n`);
          })
        : deployment.behave(one);
  };

  test('is got by signing what the list pins, once for all that wait', async () => {
    const { requester } = app({ accepts: [FAIR] });
    const ref = await connected(deployment, requester);
    await refuseUntilSigned([FAIR]);
    const wanted = { ...ref, resource: deployment.resource, scope: 'entries.read' };
    expect(await requester.transfer(wanted)).toMatchObject({ kind: 'token' });
    expect(posted).toHaveLength(1);
    await refuseUntilSigned([FAIR]);
    const items = ['a', 'b', 'c'].map((room) => ({
      resource: `${deployment.resource}/${room}`,
      scope: 'entries.read',
    }));
    const outcomes: string[] = [];
    for await (const { outcome } of requester.transfers({ ...ref, items })) outcomes.push(outcome.kind);
    expect(outcomes).toEqual(['token', 'token', 'token']);
    expect(posted).toHaveLength(2);
  });

  test('is an outcome of its own where nobody has decided', async () => {
    const { requester } = app({ accepts: [] });
    const ref = await connected(deployment, requester);
    await refuseUntilSigned([OTHER]);
    const outcome = { kind: 'terms_required', terms: [OTHER] };
    expect(await requester.transfer({ ...ref, resource: deployment.resource, scope: 'entries.read' })).toEqual(outcome);
    const items = [{ resource: deployment.resource, scope: 'entries.read' }];
    for await (const one of requester.transfers({ ...ref, items })) expect(one.outcome).toEqual(outcome);
    expect(posted).toEqual([]);
  });
});
