import { randomBytes } from 'node:crypto';
import { challengeOf, createVerifier } from '@chatelaine/crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type Answer, hiddenFields, send } from '@chatelaine/test-kit';
import { reapHalves } from '../src/combined-registration/host-half-store.ts';
import { reapAttempts } from '../src/linking/attempt-store.ts';
import { House, type Owner } from './support/house.ts';
import { chatelaine } from './support/operator.ts';
import { agree, type Requester } from './support/requester.ts';
import { gate } from './support/scripted-host.ts';
import { eventually } from './support/world.ts';

// a Requester that is also a Host, in one step: PROTOCOL §2.3

let house: House;
/** Requester and Host in one; its Host half is the house's first Host. */
let lifestream: Requester;

beforeAll(async () => {
  house = await House.build();
  lifestream = house.requester({ name: 'Lifestream', host: house.host.issuer });
});
afterAll(() => house.close());
beforeEach(async () => {
  house.host.reset();
  house.host.redemptions.length = 0;
  house.host.script.metadata = (metadata) => ({ ...metadata, chatelaine_requester: lifestream.clientId });
});

/** The request as such a Requester pushes it: one challenge for both halves. */
async function push(verifier = createVerifier(), hostGrant = house.host.grantHost(challengeOf(verifier))) {
  const started = await lifestream.push({ host: house.host.issuer, host_grant: hostGrant }, verifier);
  return { ...started, hostGrant };
}

/** What the owner's browser brings back. */
async function consent(owner: Owner, path: string, fields: Record<string, string>) {
  const answer = await agree(owner.browser, path, fields);
  return { answer, query: new URL(answer.onward ?? 'x:').searchParams };
}

/** An owner who agreed to both halves, and a Requester that has its code and has not redeemed it yet. */
async function agreed(started = push()) {
  const owner = await house.owner();
  const { path, verifier, hostGrant } = await started;
  const { query } = await consent(owner, path, { host_half: 'link' });
  return { owner, verifier, hostGrant, redeem: () => lifestream.redeem(query.get('code') ?? '', verifier) };
}

const linkOf = ({ id }: Owner) => house.rows<{ state: string }>('select * from link where owner_id = $1', [id]);
const toldTo = async ({ browser }: Owner): Promise<string> => (await browser.get('/timeline')).words;
const NOT_LINKED = 'was not linked together with Lifestream';

describe('both halves', () => {
  test('the consent page shows them, and the Host hears nothing before the Requester redeems its own code; then both are there', async () => {
    const owner = await house.owner();
    const { path, verifier, hostGrant } = await push();
    const page = (await owner.browser.get(path)).words;
    expect(page).toContain('Connect Lifestream?');
    expect(page).toContain('Link Photos as one of my Hosts?');
    expect(page).toContain(new URL(house.host.issuer).host);
    const { query } = await consent(owner, path, { host_half: 'link' });
    expect([...query.keys()].toSorted()).toEqual(['code', 'iss', 'state']);
    expect(house.host.redemptions).toEqual([]);

    await lifestream.redeem(query.get('code') ?? '', verifier);
    const [redemption] = house.host.redemptions;
    expect([redemption?.form.get('code'), redemption?.form.get('code_verifier')]).toEqual([hostGrant, verifier]);
    expect(redemption?.form.get('redirect_uri')).toContain(`${house.issuer}/callback/`);
    expect(house.host.faults).toEqual([]);
    expect(await linkOf(owner)).toMatchObject([{ state: 'active', label: 'my Photos' }]);
    const told = await toldTo(owner);
    expect(told).toContain('You connected Lifestream.');
    expect(told).toContain('You linked Photos');
    expect(told).not.toContain(NOT_LINKED);
  });

  test('the grant is kept sealed from the request to its end', async () => {
    const owner = await house.owner();
    const { path, verifier, hostGrant } = await push();
    const stored = () =>
      house.rows<{ text: string }>(
        `select (select string_agg(r::text, ' ') from oauth_request r) as text union all
         select string_agg(encode(host_grant, 'escape'), ' ') from host_half union all
         select string_agg(encode(answer, 'escape') || encode(verifier, 'escape'), ' ') from link_attempt`,
      );
    const clear = async () => JSON.stringify(await stored()).includes(hostGrant);
    expect(await clear()).toBe(false);
    const { query } = await consent(owner, path, { host_half: 'link' });
    expect(await clear()).toBe(false);
    expect(await house.rows('select 1 from host_half')).toHaveLength(1);
    const { opened, open } = gate();
    house.host.script.redeem = async (_call, link) => (await opened, { json: link() });
    const redeeming = lifestream.redeem(query.get('code') ?? '', verifier);
    await house.host.until(() => house.host.redemptions.length === 1);
    expect([await clear(), await house.rows('select 1 from host_half')]).toEqual([false, []]);
    open();
    await redeeming;
  });
});

describe('each half can be refused alone', () => {
  test('the Host: a connection as any other, and the Host hears nothing', async () => {
    const owner = await house.owner();
    const linkId = await house.link(owner);
    house.host.redemptions.length = 0;
    const { path, verifier } = await push();
    const fields = { [`answer:${linkId}:photos.read`]: 'allow', host_half: 'no' };
    const { query } = await consent(owner, path, fields);
    await lifestream.redeem(query.get('code') ?? '', verifier);
    expect(house.host.redemptions).toEqual([]);
    expect(await linkOf(owner)).toHaveLength(1);
  });

  test('the connection: it shows nothing, and the Host is linked', async () => {
    const { owner, redeem } = await agreed();
    const { accessToken } = await redeem();
    expect(await linkOf(owner)).toHaveLength(1);
    const { resource } = house.host;
    const asked = await lifestream.transfer({ connection: { accessToken }, resource, scope: 'photos.read' });
    expect(asked.json['error']).toBe('invalid_target');
  });

  test('both: access_denied, whether by the button or by two times no; and no answer to either is no answer', async () => {
    const owner = await house.owner();
    for (const fields of [{ host_half: 'no' }, { decision: 'deny' }]) {
      const { query } = await consent(owner, (await push()).path, fields);
      expect(query.get('error')).toBe('access_denied');
    }
    const { answer } = await consent(owner, (await push()).path, {});
    expect([answer.status, answer.words.includes('Say whether Photos is to be linked')]).toEqual([400, true]);
    const { path } = await house.requester().push();
    const plain = await consent(owner, path, { host_half: 'link' });
    expect(plain.answer.status).toBe(400);
    expect(house.host.redemptions).toEqual([]);
    expect(await linkOf(owner)).toEqual([]);
  });
});

describe('a request is refused before anybody sees a page', () => {
  const refusal = async (requester: Requester, params: Record<string, string>): Promise<Answer> =>
    requester.post('/par', { ...(await requester.request(createVerifier())), ...params });

  test.each<[string, () => [Requester, Record<string, string>], string]>([
    ['with a grant and no Host', () => [lifestream, { host_grant: 'x' }], 'come together'],
    ['with a Host and no grant', () => [lifestream, { host: house.host.issuer }], 'come together'],
    ['with a grant that is none', () => [lifestream, both({ host_grant: 'a b' })], 'not a code'],
    [
      'for another Host than its document names',
      () => [lifestream, both({ host: house.second.issuer })],
      'chatelaine_host',
    ],
    [
      'for a Host spelled in another way',
      () => [lifestream, both({ host: `${house.host.issuer}/` })],
      'chatelaine_host',
    ],
    ['by a client whose document names no Host', () => [house.requester(), both()], 'chatelaine_host'],
    ['by a client that the Host does not name', () => [impostor(), both()], 'chatelaine_requester'],
    ['for a Host that names nobody', () => [lonely(), both({ host: house.second.issuer })], 'chatelaine_requester'],
    ['for what is no Host', () => [nowhere(), both({ host: house.documents.origin })], 'not a Host'],
    ['for this very AM', () => [selfish(), both({ host: house.issuer })], 'itself'],
    ['by a client without keys', () => [keyless(), both()], 'private_key_jwt'],
  ])('%s', async (_case, make, sentence) => {
    const [requester, params] = make();
    const { status, json } = await refusal(requester, params);
    expect([status, json['error']]).toEqual([400, 'invalid_request']);
    expect(json['error_description']).toContain(sentence);
  });

  test('in an address that a browser brings', async () => {
    const { browser } = await house.owner();
    const { client_assertion: _a, client_assertion_type: _t, ...plain } = await lifestream.request(createVerifier());
    const query = new URLSearchParams({ ...plain, client_id: lifestream.clientId, ...both() });
    const { headers } = await browser.get(`/authorize?${query.toString()}`);
    const answer = new URL(headers.location ?? 'x:').searchParams;
    expect([answer.get('error'), answer.get('error_description')?.includes('pushed')]).toEqual([
      'invalid_request',
      true,
    ]);
  });

  test('from a source that made this AM read too much', async () => {
    const { limits } = house.config;
    const documents = { name: 'few_documents', points: 5, perSeconds: 60 };
    const { port } = await house.another({ config: { limits: { ...limits, oauth: { ...limits.oauth, documents } } } });
    const requester = nowhere();
    const statuses: number[] = [];
    for (let at = 0; at < 5; at++) {
      const request = { ...(await requester.request(createVerifier())), ...both({ host: house.documents.origin }) };
      statuses.push((await requester.post('/par', request, { port })).status);
    }
    // its document and its keys, and each time what is said to be a Host
    expect(statuses).toEqual([400, 400, 400, 429, 429]);
  });

  const both = (over: Record<string, string> = {}) => ({ host: house.host.issuer, host_grant: 'hg', ...over });
  const impostor = () => house.requester({ host: house.host.issuer });
  const lonely = () => house.requester({ host: house.second.issuer });
  const nowhere = () => house.requester({ host: house.documents.origin });
  const selfish = () => house.requester({ host: house.issuer });
  const keyless = () => house.requester({ host: house.host.issuer, keys: 'none' });
});

test('an owner agrees to what was shown: of a Requester that has another name by then the page is shown again, and neither half is there', async () => {
  const owner = await house.owner();
  const { path } = await push();
  const page = await owner.browser.get(path);
  const { port: where, pathname } = new URL(lifestream.clientId);
  const { json } = await send(Number(where), { path: pathname });
  house.documents.publish(pathname, { ...json, client_name: 'Your Bank' });
  await house.rows('update oauth_document set fresh_until = now() where url = $1', [lifestream.clientId]);
  // at a process that has not read it before
  const { port } = await house.another();
  const form = { ...hiddenFields(page.text), duration: 'open', decision: 'allow', host_half: 'link' };
  const answer = await owner.browser.at(port).post('/authorize', form);
  expect(answer.status).toBe(400);
  expect(answer.words).toContain('Something on this page has changed since it was shown to you');
  expect(answer.words).toContain('Connect Your Bank?');
  expect(await linkOf(owner)).toEqual([]);
  house.documents.publish(pathname, json);
  await house.rows('update oauth_document set fresh_until = now() where url = $1', [lifestream.clientId]);
});

test('a Host that names another client by the time the owner agrees is not linked, and they are told so', async () => {
  const owner = await house.owner();
  const { path } = await push();
  const page = await owner.browser.get(path);
  house.host.script.metadata = (metadata) => ({ ...metadata, chatelaine_requester: 'https://other.example/client' });
  // at a process that has not read it before
  const { port } = await house.another();
  const form = { ...hiddenFields(page.text), duration: 'open', decision: 'allow', host_half: 'link' };
  const answer = await owner.browser.at(port).post('/authorize', form);
  expect([answer.status, answer.words.includes('Photos cannot be linked right now')]).toEqual([400, true]);
});

describe('somebody else’s authorize URL', () => {
  test('agreed to by a victim, comes to nothing: the code is never redeemed, and nothing was sent to the Host', async () => {
    const victim = await house.owner();
    const { path } = await push();
    const { query } = await consent(victim, path, { host_half: 'link' });
    // the Requester refuses it in the victim's session; what an attacker could try with the code fails
    await expect(lifestream.redeem(query.get('code') ?? '', createVerifier())).rejects.toThrow('invalid_grant');
    await expect(lifestream.redeem(query.get('code') ?? '', createVerifier())).rejects.toThrow('invalid_grant');
    expect(house.host.redemptions).toEqual([]);
    expect(await linkOf(victim)).toEqual([]);
    await house.rows(`update host_half set created_at = now() - interval '6 minutes'`);
    expect(await reapHalves(house)).toBeGreaterThan(0);
  });
});

describe('a grant that is not good', () => {
  test.each<[string, (challenge: string) => string]>([
    ['of another challenge', () => house.host.grantHost(challengeOf(createVerifier()))],
    ['of another Host', (challenge) => house.second.grantHost(challenge)],
  ])(
    '%s is refused by the Host: the connection stands, and the owner reads why there is no link',
    async (_of, grant) => {
      const own = createVerifier();
      const { owner, redeem } = await agreed(push(own, grant(challengeOf(own))));
      const { accessToken } = await redeem();
      expect(accessToken).toMatch(/^cha_ct_/);
      expect(await linkOf(owner)).toEqual([]);
      expect(await toldTo(owner)).toContain(`Photos ${NOT_LINKED}`);
    },
  );

  test('leads to a token that lives for ever: it is given back', async () => {
    const { owner, redeem } = await agreed();
    house.host.script.redeem = (_call, link) => ({ json: { ...link(), expires_in: Number.MAX_SAFE_INTEGER } });
    await redeem();
    expect([await linkOf(owner), house.host.revoked.length]).toEqual([[], 1]);
    expect(await toldTo(owner)).toContain(NOT_LINKED);
  });

  test('brought a second time is not sent again: the first link lives on', async () => {
    const owner = await house.owner();
    const [verifier, hostGrant] = [createVerifier(), 'hg-repeated'];
    house.host.hostGrants.set(hostGrant, challengeOf(verifier));
    for (const expected of [1, 1]) {
      const { path } = await push(verifier, hostGrant);
      const { query } = await consent(owner, path, { host_half: 'link' });
      await lifestream.redeem(query.get('code') ?? '', verifier);
      expect(house.host.redemptions).toHaveLength(expected);
    }
    expect(await linkOf(owner)).toMatchObject([{ state: 'active' }]);
    expect(await toldTo(owner)).toContain(NOT_LINKED);
  });
});

test('a grant that a process died over is not lost without a word: the owner reads that there is no link', async () => {
  const { owner, redeem } = await agreed();
  // as if the code had been redeemed, and the process had died before it took up the half
  const [half] = await house.rows(
    'select * from host_half where connection_id in (select id from connection where owner_id = $1)',
    [owner.id],
  );
  await house.rows('delete from host_half where connection_id = $1', [half?.['connection_id']]);
  await redeem();
  await house.rows(
    `insert into host_half (connection_id, host_id, host_grant, created_at) values ($1, $2, $3, now() - interval '6 minutes')`,
    [half?.['connection_id'], half?.['host_id'], half?.['host_grant']],
  );
  expect(await toldTo(owner)).not.toContain(NOT_LINKED);
  await reapHalves(house);
  expect(await toldTo(owner)).toContain(NOT_LINKED);
});

test('a Host that is away for a day is asked no more, and the owner reads that there is no link', async () => {
  const { owner, redeem } = await agreed();
  house.host.script.redeem = () => 'reset';
  await redeem();
  expect(await toldTo(owner)).not.toContain(NOT_LINKED);
  await house.rows(`update link_attempt set expires_at = now() - interval '25 hours' where owner_id = $1`, [owner.id]);
  await reapAttempts(house);
  expect(await toldTo(owner)).toContain(NOT_LINKED);
  await reapAttempts(house);
  expect((await toldTo(owner)).split(NOT_LINKED)).toHaveLength(2);
});

describe('a Host that does not answer in time', () => {
  // looks after what was left open
  beforeAll(() => house.another({ recovery: { everySeconds: 1, resumeLinksAfterSeconds: 1 } }));

  test('keeps nobody from the connection, and no link is lost or left behind: the grant is sent again until it is known what came of it', async () => {
    const { owner, redeem } = await agreed();
    house.host.script.redeem = () => 'reset';
    await redeem();
    expect(await linkOf(owner)).toEqual([]);
    const open = () =>
      house.rows('select 1 from link_attempt where owner_id = $1 and resume_at is not null', [owner.id]);
    expect(await open()).toHaveLength(1);
    await house.rows(`update link_attempt set resume_at = now() where owner_id = $1`, [owner.id]);
    // the Host had seen it the first time, so it refuses it now and ends what it had given
    await eventually(async () => (await open()).length === 0);
    expect(house.host.redemptions).toHaveLength(2);
    expect(await linkOf(owner)).toEqual([]);
    expect(await toldTo(owner)).toContain(NOT_LINKED);
  });

  test('and answers after the owner has stopped everything makes no link: it is given back', async () => {
    const { owner, verifier, hostGrant, redeem } = await agreed();
    house.host.script.redeem = () => 'reset';
    await redeem();
    await owner.browser.submit('/requesters', '/stop-everything');
    house.host.script.redeem = (_call, link) => ({ json: link() });
    house.host.hostGrants.set(hostGrant, challengeOf(verifier));
    const given = house.host.revoked.length;
    await house.rows(`update link_attempt set resume_at = now() where owner_id = $1`, [owner.id]);
    await eventually(async () => house.host.revoked.length > given);
    expect(await linkOf(owner)).toEqual([]);
    expect(await toldTo(owner)).not.toContain(NOT_LINKED);
  });
});

describe('the encryption key', () => {
  test('may be replaced, and the old one taken out, while an owner decides: both halves are there afterwards', async () => {
    const [fresh, { encryptionKey: old }] = [randomBytes(32), house.config];
    const owner = await house.owner();
    const { path, verifier, hostGrant } = await push();
    expect((await owner.browser.get(path)).status).toBe(200);
    const both = { encryptionKey: fresh, previousEncryptionKeys: [old] };
    const rotate = async () => {
      const { code, lines } = await chatelaine(house, 'rotate-keys encryption', both);
      expect([code, lines[1]]).toEqual([0, '0 are left that another key sealed.']);
    };
    await rotate();
    // at this process the old one seals still, and such a request alone keeps it from being taken out
    await push();
    await expect(house.another({ config: { encryptionKey: fresh } })).rejects.toMatchObject({
      problems: [expect.stringContaining('lacks a key that 1 stored secrets are still sealed with')],
    });
    await rotate();
    const { port } = await house.another({ config: { encryptionKey: fresh } });
    const { query } = await consent({ ...owner, browser: owner.browser.at(port) }, path, { host_half: 'link' });
    expect(query.get('error')).toBeNull();
    const redeemed = await lifestream.post(
      '/token',
      {
        ...(await lifestream.authentication()),
        grant_type: 'authorization_code',
        code: query.get('code') ?? '',
        code_verifier: verifier,
      },
      { port },
    );
    expect(redeemed.status).toBe(200);
    expect(house.host.redemptions.map(({ form }) => form.get('code'))).toEqual([hostGrant]);
    expect(await linkOf(owner)).toMatchObject([{ state: 'active' }]);
    // back to how the house was
    expect((await chatelaine(house, 'rotate-keys encryption', { previousEncryptionKeys: [fresh] })).code).toBe(0);
  });
});
