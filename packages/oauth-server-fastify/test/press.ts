import type { Answer, Form } from '@chatelaine/test-kit';
import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { expectPage } from './authorize.ts';
import { documented, type Party, registered } from './clients.ts';
import { authorizePath, Browser, hidden, pushed, redeem, redirected, requestOf } from './flow.ts';
import { createVerifier } from '@chatelaine/crypto';
import { offered, type Rig } from './rig.ts';

/** One answer of an owner's: what it is bound to, and what becomes of it when it comes twice. */
export function presses(rigOf: () => Rig): void {
  describe('an answer on the consent page', () => {
    let rig: Rig;
    let party: Party;
    beforeAll(async () => {
      rig = rigOf();
      party = await registered(rig);
    });
    afterEach(() => {
      rig.clock.skew = 0;
    });
    interface Opened {
      readonly browser: Browser;
      readonly path: string;
      readonly page: Answer;
      readonly verifier: string;
      say(form?: Form): Promise<Answer>;
    }
    async function open(client = party): Promise<Opened> {
      const browser = new Browser(rig.am);
      const verifier = createVerifier();
      const requestUri = await pushed(rig, rig.am, { party: client, verifier });
      const path = authorizePath({ client_id: client.id, request_uri: requestUri });
      const page = await browser.get(path);
      const say = (form: Form = {}) => browser.post('/authorize', { ...hidden(page), decision: 'allow', ...form });
      return { browser, path, page, verifier, say };
    }
    const grantsOf = async ({ id }: Party): Promise<number> =>
      (await rig.pool.query('select from oauth_grant where client_id = $1', [id])).rows.length;
    const leadsBack = (answer: Answer): void => {
      expect(answer.onward).toBeUndefined();
      expect(answer.text).toContain('href="https://app.example/"');
      expect(answer.text).not.toContain('code=');
    };

    test.each(['allow', 'deny'])('sent twice within ten seconds goes the same way: %s', async (decision) => {
      const client = await registered(rig);
      const { say } = await open(client);
      const first = await say({ decision });
      const second = await say({ decision });
      expect([second.status, second.onward]).toEqual([200, first.onward]);
      expect(await grantsOf(client)).toBe(decision === 'allow' ? 1 : 0);
    });

    test('sent many times at once, to both replicas, makes one grant, and every answer goes the same way', async () => {
      const client = await registered(rig);
      const { browser, page } = await open(client);
      const form = { ...hidden(page), decision: 'allow' };
      const answers = await Promise.all(
        Array.from({ length: 10 }, (_, n) => browser.post('/authorize', form, {}, n % 2 === 0 ? 0 : 1)),
      );
      expect(new Set(answers.map(({ onward }) => onward)).size).toBe(1);
      expect(redirected(answers[0] as Answer).has('code')).toBe(true);
      expect(await grantsOf(client)).toBe(1);
    });

    test('sent twice, where the first changes what there is to offer, goes the same way', async () => {
      const client = await registered(rig);
      const { browser, page } = await open(client);
      const form = { ...hidden(page), decision: 'allow' };
      const before = { ...offered };
      const first: Promise<Answer>[] = [];
      // the second found the question open, and reads the offer when the first has been answered
      offered.whenRead = async () => {
        offered.whenRead = before.whenRead;
        first.push(browser.post('/authorize', form, {}, 1));
        await first[0];
        offered.name = 'less';
      };
      const second = await browser.post('/authorize', form, {}, 0);
      Object.assign(offered, before);
      expect([second.status, second.onward]).toEqual([200, (await first[0])?.onward]);
      expect(redirected(second).has('code')).toBe(true);
      expect(await grantsOf(client)).toBe(1);
    });

    test('with other choices is another answer, and comes too late', async () => {
      const { say, browser } = await open();
      await say();
      for (const other of [{ decision: 'deny' }, { days: '3' }]) {
        const answer = await say(other);
        expectPage(answer);
        leadsBack(answer);
      }
      browser.owner = 'owner-2';
      expectPage(await say(), 403);
    });

    test('sent again when its code is redeemed, or later than ten seconds, leads back without a code', async () => {
      const redeemed = await open();
      const code = redirected(await redeemed.say()).get('code') ?? '';
      const { verifier } = redeemed;
      expect((await redeem(rig, rig.am, { party, code, verifier })).status).toBe(200);
      const late = await open();
      await late.say();
      leadsBack(await redeemed.say());
      await rig.age(11);
      const again = await late.say();
      leadsBack(again);
      expect(again.status).toBe(200);
      expect((await redeem(rig, rig.am, { party, code: 'cha_ac_x', verifier })).status).toBe(400);
    });

    test('is shown as given to the browser that comes Back, and to no other', async () => {
      const { say, browser, path } = await open();
      await say();
      const back = await browser.get(path);
      expectPage(back);
      leadsBack(back);
      const other = await new Browser(rig.am).get(path);
      expectPage(other);
      expect(other.text).not.toContain('app.example');
    });

    test('is kept encrypted: nothing in the database holds a code, or where an answer went with it', async () => {
      const { say } = await open();
      const code = redirected(await say()).get('code') ?? '';
      const { rows } = await rig.pool.query<{ text: string }>(
        `select a::text || encode(sealed, 'escape') as text from oauth_answer a`,
      );
      expect(rows.length).toBeGreaterThan(0);
      for (const { text } of rows) expect(text).not.toMatch(new RegExp(`code=|${code}`));
    });

    test('counts for what was shown: a client that describes itself anew meanwhile is shown again', async () => {
      const changes = [
        { client_name: 'Your Bank' },
        { logo_uri: 'https://bank.example/logo.png' },
        { client_uri: 'https://bank.example' },
        { tos_uri: 'https://bank.example/terms' },
        { policy_uri: 'https://bank.example/privacy' },
      ];
      for (const change of changes) {
        const client = documented(rig, rig.am, { client_name: 'Harmless Reader' });
        const { say, browser, path } = await open(client);
        rig.documents.set(client.id, { ...(rig.documents.get(client.id) as object), ...change });
        rig.clock.skew += 301;
        await rig.pool.query(`update oauth_document set fresh_until = now() where url = $1`, [client.id]);
        const again = await say();
        expectPage(again);
        expect(again.text).toContain('has changed since it was shown to you');
        if (change.client_name !== undefined) expect(again.text).toContain('Your Bank');
        expect(await grantsOf(client)).toBe(0);
        // as it is now, it can be agreed to
        const agreed = await browser.post('/authorize', { ...hidden(again), decision: 'allow' });
        expect(agreed.onward).toContain('code=');
        expect((await browser.get(path)).status).toBe(400);
      }
    });

    test('counts for what was shown, including what the service itself offers; a form must say what was', async () => {
      const client = await registered(rig);
      const { say, page } = await open(client);
      const before = offered.name;
      offered.name = 'something else';
      const changed = await say();
      offered.name = before;
      for (const answer of [changed, await say({ shown: '' }), await say({ shown: undefined })]) {
        expectPage(answer);
        expect(answer.text).toContain('has changed since it was shown to you');
      }
      expect(await grantsOf(client)).toBe(0);
      // to refuse, nobody has to have seen anything
      expect((await say({ shown: hidden(page)['shown'] })).onward).toContain('code=');
      const refused = await (await open(client)).say({ shown: '', decision: 'deny' });
      expect(redirected(refused).get('error')).toBe('access_denied');
    });

    test('is the only way to a code, wherever the browser came from and whatever was agreed to before', async () => {
      const client = await registered(rig);
      const earlier = await open(client);
      expect(redirected(await earlier.say()).has('code')).toBe(true);
      for (const site of ['none', 'same-origin', 'same-site', 'cross-site'])
        for (const prompt of [undefined, 'none', 'login', 'consent', 'select_account']) {
          const headers = { 'sec-fetch-site': site, 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
          const start = authorizePath({ ...requestOf(rig.am, client), prompt });
          const stored = await earlier.browser.get(start, 0, headers);
          const arrived = await earlier.browser.get(stored.onward ?? '', 0, headers);
          expect(`${stored.onward} ${arrived.onward}`).not.toMatch(/[?&]code=/);
          expect(arrived.status).toBe(prompt === 'none' ? 303 : 200);
        }
      expect(await grantsOf(client)).toBe(1);
    });

    test('HEAD opens no request and ties none to whoever only looks', async () => {
      const browser = new Browser(rig.am);
      const requestUri = await pushed(rig, rig.am, { party });
      const path = authorizePath({ client_id: party.id, request_uri: requestUri });
      const look = await new Browser(rig.am).head(path);
      expect([look.status, look.headers['set-cookie'], look.text]).toEqual([200, undefined, '']);
      const silent = await pushed(rig, rig.am, { party, form: { prompt: 'none' } });
      const silentPath = authorizePath({ client_id: party.id, request_uri: silent });
      await new Browser(rig.am).head(silentPath);
      expect((await browser.get(silentPath)).status).toBe(303);
      const before = await requests();
      await new Browser(rig.am).head(authorizePath(requestOf(rig.am, party)));
      expect(await requests()).toBe(before);
      expect((await browser.get(path)).status).toBe(200);
    });
    const requests = async (): Promise<number> => (await rig.pool.query('select from oauth_request')).rows.length;

    test('and every page on the way leaves the window its opener, caches nothing and tells no address', async () => {
      const { say, page, browser, path } = await open();
      for (const answer of [
        page,
        await say({ decision: 'maybe' }),
        await say(),
        await say(),
        await browser.get(path),
      ]) {
        expect(answer.headers['cross-origin-opener-policy']).toBeUndefined();
        expect(answer.headers['cache-control']).toBe('no-store');
      }
    });
  });
}
