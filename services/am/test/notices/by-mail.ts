import { eventually } from '@chatelaine/test-kit';
import { describe, expect, it } from '@jest/globals';
import { ask, choose, deployment, due, FROM, later, mail, mailsTo, PAGE, somebody } from './scene.ts';

const QUESTIONS = { 'mail:questions': 'yes' };
const SERVICES = { 'mail:services': 'yes' };

/** Which notices go out by mail, to whom, and how often. */
export function byMail(): void {
  describe('a question that waits', () => {
    it('is told nobody who has not asked for it', async () => {
      const [quiet, told] = [await somebody(), await somebody()];
      expect((await quiet.owner.browser.get(PAGE)).text).not.toMatch(/name="mail:[a-z]+"[^>]*checked/);
      await choose(told.owner.browser, QUESTIONS);
      for (const one of [quiet, told]) await ask(one);
      await eventually(() => mailsTo(told.owner).length === 1);
      expect([mailsTo(quiet.owner), await due(quiet.owner)]).toEqual([[], []]);
    });

    it('is told in a mail that nothing of the app gets into, with a link for its owner, signed in', async () => {
      const hostile = 'Evil\r\nBcc: everybody@elsewhere.example\r\n\r\nhttps://evil.example/';
      const by = await somebody();
      await choose(by.owner.browser, QUESTIONS);
      await deployment.rows('update connection set client_name = $2 where id = $1', [by.connection.id, hostile]);
      await deployment.rows('update link set label = $2 where id = $1', [by.linkId, hostile]);
      await ask(by, 'photos.read', 'see https://evil.example/');
      const [received] = await eventually(() => mailsTo(by.owner), { until: ({ length }) => length === 1 });
      expect(received?.header).toMatchObject({
        from: FROM,
        subject: 'A question waits for you at Chatelaine',
        'auto-submitted': 'auto-generated',
      });
      expect(Object.keys(received?.header ?? {})).not.toContain('bcc');
      expect(received?.to).toHaveLength(1);
      const { text = '' } = received ?? {};
      for (const word of ['Evil', 'evil.example', 'elsewhere', 'photos', by.requester.clientId])
        expect(text).not.toContain(word);
      const links = text.match(/https?:\/\/\S+/g) ?? [];
      expect(links).toEqual([`${deployment.issuer}/asks`, `${deployment.issuer}${PAGE}`]);
      const stranger = (await deployment.owner()).browser;
      expect((await stranger.get('/asks')).words).not.toContain('Evil');
      await stranger.submit('/', '/sign-out');
      for (const link of links) expect((await stranger.get(new URL(link).pathname)).status).toBe(303);
    });

    it('is told once, however many wait and whichever process is asked; more a quarter of an hour later', async () => {
      const by = await somebody();
      await choose(by.owner.browser, QUESTIONS);
      const { connection, requester } = by;
      const scopes = ['photos.read', 'photos.write', 'photos.read photos.write'];
      await Promise.all(
        scopes.map((scope, at) =>
          requester.transfer({
            connection,
            resource: deployment.host.resource,
            scope,
            port: deployment.ams[at % 2]?.port ?? 0,
          }),
        ),
      );
      await eventually(async () => mailsTo(by.owner).length > 0 && (await due(by.owner)).length === 0);
      expect(mailsTo(by.owner)).toHaveLength(1);
      await ask(by, 'albums.read');
      expect(await due(by.owner)).toEqual(['question']);
      await later(by.owner, '14 minutes');
      expect(await due(by.owner)).toEqual(['question']);
      expect(mailsTo(by.owner)).toHaveLength(1);
      await later(by.owner, '1 minute');
      await eventually(() => mailsTo(by.owner).length === 2);
    });

    it('is not told when it was asked again, nor after it was answered', async () => {
      const by = await somebody();
      await choose(by.owner.browser, QUESTIONS);
      const { json } = await ask(by);
      await eventually(() => mailsTo(by.owner).length === 1);
      await ask(by);
      expect(await due(by.owner)).toEqual([]);
      await ask(by, 'albums.read');
      await deployment.rows(`update ask set state = 'closed' where connection_id = $1`, [by.connection.id]);
      expect(json['interaction_uri']).toBeDefined();
      await later(by.owner, '15 minutes');
      await eventually(async () => (await due(by.owner)).length === 0);
      expect(mailsTo(by.owner)).toHaveLength(1);
    });

    it('is not told any more once its owner turned it off, or has no address', async () => {
      const [off, gone] = [await somebody(), await somebody()];
      for (const { owner } of [off, gone]) await choose(owner.browser, QUESTIONS);
      await deployment.rows('update account set email = null where id = $1', [gone.owner.id]);
      await deployment.rows(
        `insert into notice (owner_id, kind, way, due_at) values ($1, 'question', 'mail', now() + interval '1 day')`,
        [off.owner.id],
      );
      await choose(off.owner.browser, {});
      expect(await due(off.owner)).toEqual([]);
      for (const one of [off, gone]) await ask(one);
      await eventually(async () => (await due(gone.owner)).length === 0);
      expect([mailsTo(off.owner), mailsTo(gone.owner)]).toEqual([[], []]);
    });

    it('is tried again when the mail server was busy', async () => {
      const by = await somebody();
      await choose(by.owner.browser, QUESTIONS);
      mail.refuse(1);
      await ask(by);
      await eventually(
        async () =>
          (await deployment.rows('select 1 as tried from notice where owner_id = $1 and tries = 1', [by.owner.id]))
            .length === 1,
      );
      expect(mailsTo(by.owner)).toEqual([]);
      await later(by.owner, '1 minute');
      await eventually(() => mailsTo(by.owner).length === 1);
    });
  });

  describe('a service', () => {
    const broken = (linkId: string) => deployment.rows(`update link set state = 'broken' where id = $1`, [linkId]);
    const unreachable = (linkId: string, since: string) =>
      deployment.rows(
        `insert into link_seen (link_id, answered_at, unreachable_since)
          values ($1, now() - interval '1 day', now() - $2::interval)
         on conflict (link_id) do update set unreachable_since = excluded.unreachable_since`,
        [linkId, since],
      );
    const answers = (linkId: string) =>
      deployment.rows('update link_seen set answered_at = now(), unreachable_since = null where link_id = $1', [
        linkId,
      ]);
    const subjects = (by: Awaited<ReturnType<typeof somebody>>) =>
      mailsTo(by.owner).map(({ header }) => header['subject']);
    const BROKE = 'A service does not work any more at Chatelaine';
    const RECOVERED = 'A service works again at Chatelaine';

    it('that broke, or has not answered for a quarter of an hour, is told once; and when it works again', async () => {
      const [by, away] = [await somebody(), await somebody()];
      for (const { owner } of [by, away]) await choose(owner.browser, SERVICES);
      await unreachable(away.linkId, '14 minutes');
      await broken(by.linkId);
      await eventually(() => subjects(by).length === 1);
      expect([subjects(by), subjects(away)]).toEqual([[BROKE], []]);
      await unreachable(away.linkId, '16 minutes');
      await eventually(() => subjects(away).length === 1);
      await eventually(
        async () =>
          (await deployment.rows('select 1 as told from link_trouble where told_at is not null')).length === 2,
      );
      await answers(away.linkId);
      await deployment.rows(`update link set state = 'active' where id = $1`, [by.linkId]);
      for (const one of [by, away]) {
        await eventually(() => subjects(one).length === 2);
        expect(subjects(one)).toEqual([BROKE, RECOVERED]);
      }
    });

    it('that works again before anybody was told is told of neither way; nor is one its owner has ended', async () => {
      const [short, ended] = [await somebody(), await somebody()];
      for (const { owner } of [short, ended]) await choose(owner.browser, SERVICES);
      // while mail cannot leave, no notice counts as sent
      await deployment.rows(`insert into notice (owner_id, kind, way, sent_at) values ($1, 'broke', 'mail', now())`, [
        short.owner.id,
      ]);
      await unreachable(short.linkId, '1 hour');
      await eventually(async () => (await due(short.owner)).includes('broke'));
      await answers(short.linkId);
      await eventually(
        async () =>
          (await deployment.rows('select 1 as left from link_trouble where link_id = $1', [short.linkId])).length === 0,
      );
      await later(short.owner, '15 minutes');
      await eventually(async () => (await due(short.owner)).length === 0);
      await broken(ended.linkId);
      await eventually(() => subjects(ended).length === 1);
      await ended.owner.browser.submit('/hosts', `/hosts/${ended.linkId}/stop`);
      await eventually(
        async () =>
          (await deployment.rows('select 1 as left from link_trouble where link_id = $1', [ended.linkId])).length === 0,
      );
      expect([subjects(short), subjects(ended), await due(ended.owner)]).toEqual([[], [BROKE], []]);
    });
  });
}
