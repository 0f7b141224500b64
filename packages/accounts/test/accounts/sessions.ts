import { describe, expect, test } from '@jest/globals';
import { reap } from '../../src/index.ts';
import { Browser, tokenFor } from '@chatelaine/test-kit';
import { startService } from '../support/service.tsx';
import { PASSWORD, pool, service, browser, signUp, session, useService, useBrowser } from './scene.ts';

function openBrowserWith(cookie: string): Browser {
  const other = browser.at(service.origin);
  other.keep('inn-session', cookie);
  return other;
}

export function sessions(): void {
  describe('sessions', () => {
    test('visitors get no session, and cost no row', async () => {
      await browser.get('/sign-in');
      expect([session(), (await pool.query('select 1 from session')).rowCount]).toEqual(['', 0]);
    });

    test('do not exist on routes that only programs call, even for somebody who is signed in', async () => {
      await service.app.close();
      useService(
        await startService({
          pool,
          routes: async (app) => {
            for (const forPeople of [true, false])
              app.get(`/${forPeople ? 'people' : 'programs'}`, { config: { forPeople } }, async (request, reply) => {
                reply.header('x-account', request.session?.account?.username ?? 'none');
                return {};
              });
          },
        }),
      );
      useBrowser(new Browser(service.origin));
      await signUp('ada');
      const accountAt = async (path: string) => (await browser.get(path)).headers['x-account'];
      expect([await accountAt('/people'), await accountAt('/programs')]).toEqual(['ada', 'none']);
      expect((await new Browser(service.origin).get('/programs')).headers['set-cookie']).toBeUndefined();
    });

    test('the id changes at sign-in and the old one is dead', async () => {
      await signUp('ada');
      const before = session();
      // signing in again within the session: a fixated id must not survive
      const token = tokenFor((await browser.get('/rooms')).text, '/sign-out');
      await browser.post('/sign-in', { _csrf: token, username: 'ada', password: PASSWORD });
      expect(session()).not.toBe(before);
      const thief = new Browser(service.origin);
      thief.keep('inn-session', before);
      expect((await thief.get('/rooms')).status).toBe(303);
      expect((await browser.get('/rooms')).status).toBe(200);
    });

    test('an id chosen by somebody else is not used', async () => {
      browser.keep('inn-session', 'chosen-by-an-attacker.c2lnbmF0dXJl');
      await signUp('ada');
      expect(session()).not.toContain('chosen-by-an-attacker');
    });

    test('a signed-out session is refused, even if a request was still under way', async () => {
      let slowArrived = () => undefined as void;
      let release = () => undefined as void;
      const arrived = new Promise<void>((resolve) => (slowArrived = resolve));
      const gate = new Promise<void>((resolve) => (release = resolve));
      await service.app.close();
      useService(
        await startService({
          pool,
          routes: async (app) => {
            app.get('/slow', async (request) => {
              slowArrived();
              await gate;
              // makes the library save the session when the request ends
              Object.assign(request.session, { seen: 'something new' });
              return { ok: true };
            });
          },
        }),
      );
      useBrowser(new Browser(service.origin));
      await signUp('ada');
      const cookie = session();
      const slow = browser.get('/slow');
      await arrived;
      await openBrowserWith(cookie).submit('/rooms', '/sign-out', {});
      release();
      await slow;
      expect((await openBrowserWith(cookie).get('/rooms')).status).toBe(303);
      expect((await pool.query('select 1 from session')).rowCount).toBe(0);
    });

    test('the table holds the SHA-256 of the id and nothing to sign in with', async () => {
      await signUp('ada');
      const id = decodeURIComponent(session()).split('.')[0] ?? '';
      const { rows } = await pool.query<{ row: string }>('select row_to_json(session)::text as row from session');
      expect(id.length).toBeGreaterThan(20);
      expect(rows[0]?.row).not.toContain(id);
      expect(JSON.stringify(service.log)).not.toContain(id);
    });

    test('it ends 12 hours after its last request and 7 days after sign-in, by the database’s clock', async () => {
      await signUp('ada');
      await pool.query("update session set seen_at = now() - interval '11 hours'");
      expect((await browser.get('/rooms')).status).toBe(200);
      expect((await pool.query("select 1 from session where seen_at > now() - interval '1 minute'")).rowCount).toBe(1);
      await pool.query("update session set seen_at = now() - interval '13 hours'");
      expect((await browser.get('/rooms')).status).toBe(303);
      // the browser has dropped its cookie, too, so another one tests the age
      await signUp('bob');
      await pool.query("update session set seen_at = now(), created_at = now() - interval '6 days'");
      expect((await browser.get('/rooms')).status).toBe(200);
      await pool.query("update session set seen_at = now(), created_at = now() - interval '8 days'");
      expect((await browser.get('/rooms')).status).toBe(303);
      expect(await reap(pool, { idle: 43_200, absolute: 604_800 })).toEqual({
        sessions: 2,
        counters: 0,
        challenges: 0,
        mailTokens: 0,
      });
    });

    test('the cookie is HttpOnly and Lax; with an https issuer it is __Host- and Secure', async () => {
      const made = await signUp('ada');
      expect(made.headers['set-cookie']?.find((line) => line.startsWith('inn-session='))).toMatch(
        /; Path=\/; HttpOnly; SameSite=Lax$/,
      );
      const secure = await startService({ pool, issuer: 'https://inn.example' });
      const answer = await signUp('bob', new Browser(secure.origin));
      const line = answer.headers['set-cookie']?.find((one) => one.startsWith('__Host-inn-session='));
      expect(line).toMatch(/; Path=\/; HttpOnly; Secure; SameSite=Lax$/);
      expect(line).not.toMatch(/domain/i);
      await secure.app.close();
    });

    test('what a service stores in it is kept, also behind a proxy that terminates TLS', async () => {
      const secure = await startService({
        pool,
        issuer: 'https://inn.example',
        routes: async (app) => {
          app.get('/put', async (request) => Object.assign(request.session, { note: 'kept' }) && {});
          app.get('/take', async (request) => ({ note: (request.session as { note?: string }).note }));
        },
      });
      const visitor = new Browser(secure.origin);
      await signUp('ada', visitor);
      await visitor.get('/put');
      expect((await visitor.get('/take')).json).toEqual({ note: 'kept' });
      await secure.app.close();
    });
  });
}
