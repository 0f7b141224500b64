import type http from 'node:http';
import { type Answer, Browser } from '@chatelaine/test-kit';
import { describe, expect, it } from '@jest/globals';
import sharp from 'sharp';
import { fieldsWithoutButton } from '../support/requester.ts';
import { StockClient, allScopes } from '../support/stock-client.ts';
import { answers, app, asked, at, consent, deployment, plain, served, settled, shownIn } from './scene.ts';

/** Publishes another picture at this address and waits until it was fetched; its id. */
async function changed(uri: string, colour = '#f00'): Promise<string | null> {
  answers.set(new URL(uri).pathname, served(await plain(64, colour).png().toBuffer()));
  await deployment.rows('update icon set due_at = now() where uri = $1', [uri]);
  return (await settled(uri)).id;
}

/** Where an icon is shown, and how consent is bound to it. */
export function shown(): void {
  describe('the icon of an app', () => {
    it('is fetched once it asks, drawn anew, and shown from here alone wherever it is named', async () => {
      const uri = at(served(await plain(300, '#f0a').png().toBuffer()));
      const requester = app(uri);
      const owner = await deployment.owner();
      const linkId = await deployment.link(owner);
      await requester.push();
      const { id } = await settled(uri);
      expect(id).not.toBeNull();
      const asking = await consent(requester, owner);
      const connection = await deployment.connect({ owner, requester, linkId, answers: { 'photos.read': 'ask' } });
      const wanted = await requester.transfer({ connection, resource: deployment.host.resource, scope: 'photos.read' });
      const question = new URL(String(wanted.json['interaction_uri'])).pathname;
      const pages = await Promise.all(
        [question, `/apps/${connection.id}`, `/apps/${connection.id}/add`, '/apps', '/'].map((path) =>
          owner.browser.get(path),
        ),
      );
      for (const { text } of [asking, ...pages]) {
        expect(shownIn(text)).toBe(id);
        expect(text).not.toContain(uri);
      }
      expect(asking.headers['content-security-policy']).toContain("img-src 'self'");
      const picture = await owner.browser.get(`/icons/${id}`);
      expect(await sharp(picture.bytes).metadata()).toMatchObject({ format: 'webp', width: 96, height: 96 });
      expect(picture.headers).toMatchObject({
        'content-type': 'image/webp',
        'x-content-type-options': 'nosniff',
        'content-security-policy': "default-src 'none'; sandbox",
      });
      expect(asked.filter((path) => uri.endsWith(path))).toHaveLength(1);
    });

    it('never delays a page, which has a letter until it is there; one that came meanwhile is no other', async () => {
      const { promise: came, resolve: come } = Promise.withResolvers<http.ServerResponse>();
      const uri = at(come);
      const requester = app(uri);
      const owner = await deployment.owner();
      const link = await deployment.link(owner);
      const page = await consent(requester, owner);
      const response = await came;
      expect([page.status, shownIn(page.text)]).toEqual([200, null]);
      served(await plain(64, '#0f0').png().toBuffer())(response);
      const { id } = await settled(uri);
      const chosen = { [`answer:${link}:photos.read`]: 'allow', duration: 'open', decision: 'allow' };
      const agreed = await owner.browser.post('/authorize', {
        ...fieldsWithoutButton(page.text, '/authorize'),
        ...chosen,
      });
      expect(agreed.onward).toContain('code=');
      expect(shownIn((await owner.browser.get('/apps')).text)).toBe(id);
    });

    it('changed while somebody reads a consent page, it is shown again, and nothing is agreed to', async () => {
      const uri = at(served(await plain(64, '#0f0').png().toBuffer()));
      const requester = app(uri);
      const owner = await deployment.owner();
      const link = await deployment.link(owner);
      await requester.push();
      const { id } = await settled(uri);
      const page = await consent(requester, owner);
      const other = await changed(uri);
      expect(other).not.toBe(id);
      const chosen = { [`answer:${link}:photos.read`]: 'allow', duration: 'open', decision: 'allow' };
      const again = await owner.browser.post('/authorize', {
        ...fieldsWithoutButton(page.text, '/authorize'),
        ...chosen,
      });
      expect([again.status, again.words]).toEqual([400, expect.stringContaining('icon of this app has changed')]);
      expect(shownIn(again.text)).toBe(other);
      const agreed = await owner.browser.post('/authorize', {
        ...fieldsWithoutButton(again.text, '/authorize'),
        ...chosen,
      });
      expect(agreed.onward).toContain('code=');
    });

    it('of one that speaks no token exchange, changed likewise, is shown again, and nothing is agreed to', async () => {
      const { issuer, ams, host } = deployment;
      const uri = at(served(await plain(64, '#0f0').png().toBuffer()));
      const am = { issuer, ports: ams.map(({ port }) => port) };
      const client = await StockClient.register(am, { metadata: { logo_uri: uri } });
      const owner = await deployment.owner();
      await deployment.link(owner);
      const { path } = await client.ask(owner.browser, host.resource, { scope: 'photos.read' });
      const { id } = await settled(uri);
      const page = await owner.browser.get(path);
      expect(shownIn(page.text)).toBe(id);
      const other = await changed(uri);
      const agree = ({ text }: Answer) =>
        owner.browser.post('/authorize', {
          ...fieldsWithoutButton(text),
          ...allScopes(text),
          duration: 'open',
          decision: 'allow',
        });
      const again = await agree(page);
      expect([again.status, again.words]).toEqual([400, expect.stringContaining('icon of this app has changed')]);
      expect(shownIn(again.text)).toBe(other);
      expect(await deployment.rows('select id from connection where client_id = $1', [client.id])).toEqual([]);
      expect((await agree(again)).onward).toContain('code=');
    });

    it('changed while somebody reads a question, that is shown again, and nothing is answered', async () => {
      const uri = at(served(await plain(64, '#0f0').png().toBuffer()));
      const story = await deployment.story({ 'photos.read': 'ask' }, { document: { logo_uri: uri } });
      const { id } = await settled(uri);
      const wanted = await story.requester.transfer({
        ...story,
        resource: deployment.host.resource,
        scope: 'photos.read',
      });
      const path = new URL(String(wanted.json['interaction_uri'])).pathname;
      const answer = ({ text }: Answer, given: string) =>
        story.owner.browser.post(path, { ...fieldsWithoutButton(text, path), answer: given });
      let page = await story.owner.browser.get(path);
      expect(shownIn(page.text)).toBe(id);
      for (const [given, colour] of [
        ['once', '#f00'],
        ['never', '#00f'],
        ['block', '#ff0'],
      ] as const) {
        const other = await changed(uri, colour);
        const again = await answer(page, given);
        expect([again.status, again.words]).toEqual([400, expect.stringContaining('icon of this app has changed')]);
        expect(shownIn(again.text)).toBe(other);
        page = again;
      }
      expect((await answer(page, 'once')).status).toBe(200);
    });

    it('is given to whoever is signed in, and to nobody else; another id is none', async () => {
      const uri = at(served(await plain(64, '#00f').png().toBuffer()));
      await app(uri).push();
      const { id } = await settled(uri);
      const owner = await deployment.owner();
      for (const path of ['/icons/icon_x', '/icons/%00', '/icons/..%2fjwks', `/icons/${'x'.repeat(90)}`])
        expect([path, (await owner.browser.get(path)).status]).toEqual([path, 404]);
      const stranger = await new Browser(deployment.ams[0].port).get(`/icons/${id}`);
      expect([stranger.status, stranger.headers['content-type']]).not.toEqual([200, 'image/webp']);
      expect(stranger.headers.location).toContain('/sign-in');
      expect([404, 405]).toContain((await owner.browser.post(`/icons/${id}`, {})).status);
    });
  });
}
