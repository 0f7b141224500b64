import { expect, test } from '@jest/globals';
import { Browser } from '@chatelaine/test-kit';
import { ISSUER, signUp } from '../support/world.ts';
import { world, origin, browser } from './scene.ts';

export function entries(): void {
  test('a visitor sees what this is, and no feed', async () => {
    const page = await new Browser(origin).get('/');
    expect(page.words).toContain('Create an account');
    expect(world.deployment.received).toHaveLength(0);
  });

  test('somebody not connected is told where to start', async () => {
    expect((await (await signUp(origin)).get('/')).words).toContain('Connect my authorization manager');
  });

  test('entries of all Hosts are merged, newest first, each with where it is from', async () => {
    const { words } = await browser.get('/');
    const order = ['A hill', 'Photos', 'Buy milk', 'Notes', 'A lake'].map((text) =>
      words.indexOf(text, words.indexOf('A hill')),
    );
    expect(order).toEqual(order.toSorted((a, b) => a - b));
    expect(order).not.toContain(-1);
  });

  test('a second look takes the same tokens', async () => {
    await browser.get('/');
    await browser.get('/');
    expect([world.deployment.count('am /transfers'), world.deployment.count('am /token')]).toEqual([1, 0]);
  });

  test('an ended connection says how to repair it', async () => {
    world.deployment.on['am /targets'] = () => ({ status: 401, json: { error: 'invalid_token' } });
    world.deployment.on['am /token'] = () => ({ status: 400, json: { error: 'invalid_grant' } });
    expect((await browser.get('/')).words).toContain('has ended. Connect again');
    expect((await browser.get('/connections')).words).toContain('has ended there');
  });

  test('nothing is asked for what this app keeps itself, which is shown as its own', async () => {
    const own = {
      resource: `${ISSUER}/api`,
      issuer: ISSUER,
      name: 'Lifestream',
      account: 'mine',
      scopes: [{ scope: 'entries.read', answer: 'allow' }],
    };
    const { targets } = world.deployment.targets();
    world.deployment.on['am /targets'] = () => ({ json: { targets: [...targets, own] } });
    const { words } = await browser.get('/');
    expect(words).toContain('Buy milk');
    expect(words).not.toContain('Not in here');
    expect(world.deployment.received.some(({ body }) => body.includes(own.resource))).toBe(false);
    expect((await browser.get('/connections')).words).toMatch(/Kept here: see My posts/);
  });

  test('what Hosts and the AM send is shown inert', async () => {
    const evil = `"><script>alert(1)</script><img src=x onerror=alert(1)>`;
    world.deployment.entries = { photos: [{ id: evil, text: evil, date: '2026-01-01T00:00:00Z' }] };
    const scopes = ['entries.read', 'entries.write', evil].map((scope) => ({ scope, answer: 'allow' }));
    const target = { resource: world.deployment.resource('photos'), issuer: evil, name: evil, account: evil, scopes };
    world.deployment.on['am /targets'] = () => ({ json: { targets: [target] } });
    for (const path of ['/', '/connections']) {
      const { text } = await browser.get(path);
      expect(text).toContain('alert(1)');
      expect(text).not.toMatch(/<script|<img/);
    }
  });
}
