import type { IncomingHttpHeaders } from 'node:http';
import { describe, expect, test } from '@jest/globals';
import { service, browser, restart, JSON_TYPE, HTML } from './scene.ts';

export function headersAndLog(): void {
  describe('security headers', () => {
    const KEPT = new Set([
      'content-security-policy',
      'referrer-policy',
      'x-content-type-options',
      'x-frame-options',
      'strict-transport-security',
      'permissions-policy',
    ]);
    const kept = (headers: IncomingHttpHeaders) =>
      Object.fromEntries(
        Object.entries(headers).filter(([name]) => KEPT.has(name) || name.startsWith('cross-origin-')),
      );

    test('are on every answer', async () => {
      const answers = await Promise.all(
        ['/healthz', '/nowhere', '/style.css', '/api/rooms/7', '/%zz'].map((path) => browser.get(path, HTML)),
      );
      for (const { headers } of answers) {
        expect(kept(headers)).toEqual({
          'content-security-policy':
            "default-src 'none';style-src 'self';img-src 'self';" +
            "form-action 'self';frame-ancestors 'none';base-uri 'none'",
          'cross-origin-opener-policy': 'same-origin',
          'cross-origin-resource-policy': 'same-origin',
          'referrer-policy': 'no-referrer',
          'x-content-type-options': 'nosniff',
          'x-frame-options': 'DENY',
        });
      }
    });

    test('HSTS is sent only if the issuer is https', async () => {
      await restart({ issuer: 'https://inn.example' });
      expect((await browser.get('/healthz')).headers['strict-transport-security']).toBe('max-age=31536000');
    });

    test('the stylesheet is at the URL that pages name, and a page without need has no script', async () => {
      const page = await browser.get('/nowhere', HTML);
      const href = /<link rel="stylesheet" href="([^"]+)"/.exec(page.text)?.[1] ?? '';
      expect((await browser.get(href)).headers['content-type']).toBe('text/css; charset=utf-8');
      expect(page.text).not.toMatch(/<script|style=|onclick/);
    });
  });

  describe('the log', () => {
    test('has a line per request with the path, and neither query, body, header nor cookie', async () => {
      await browser.post('/api/rooms?code=canary1', '{"a":"canary2"}', {
        ...JSON_TYPE,
        authorization: 'DPoP canary3',
        cookie: 'a=canary4',
      });
      await browser.get('/canary-path?state=canary5', { 'user-agent': 'canary6' });
      const text = JSON.stringify(service.log);
      expect(text).toContain('"path":"/api/rooms"');
      expect(text).not.toMatch(/canary\d/);
    });

    test('omits the values that a database error quotes', async () => {
      await restart({
        routes: async (app) => {
          app.get('/db', async () => {
            throw Object.assign(new Error('invalid input syntax for type uuid: "canary1"'), {
              code: '22P02',
              detail: 'canary2',
              where: 'canary3',
            });
          });
          app.get('/careless', async (request) => {
            request.log.info({ token: 'canary4', it: { password: 'canary5' } }, 'careless');
            return {};
          });
        },
      });
      expect((await browser.get('/db')).status).toBe(500);
      await browser.get('/careless');
      expect(JSON.stringify(service.log)).not.toMatch(/canary\d/);
      expect(JSON.stringify(service.log)).toContain('22P02');
    });
  });
}
