import { patience } from '@chatelaine/test-kit';
import { describe, expect, test } from '@jest/globals';
import { eventually, makeConnection, makeLink } from '../support/world.ts';
import { live, person, revocations, settled, stop, stranger, world } from './scene.ts';

/** A connection is stopped: the revocation is sent to the Host until the Host confirms it. */
export function stoppingConnections(): void {
  describe('stopping a connection', () => {
    test('it is over with the answer; the Host is told within five seconds, by the grant’s id', async () => {
      const linkId = await makeLink(world, person);
      const { id, grantIds } = await makeConnection(world, person, [linkId]);
      expect((await person.browser.get('/apps')).words).toContain('Reader');
      const started = performance.now();
      const answer = await stop(person, id);
      expect(answer.status).toBe(303);
      expect(await live(id)).toBe(false);
      const call = await world.host.called(({ path, form }) => path === '/revoke' && form.get('token') === grantIds[0]);
      expect(performance.now() - started).toBeLessThan(patience(5));
      expect(call.form.get('token_type_hint')).toBe('transfer_grant');
      expect(call.form.get('client_assertion')).not.toBeNull();
      await settled(linkId);
      expect((await person.browser.get('/apps')).words).toMatch(/Reader , ended .* Photos confirmed/);
    });

    test('every process shows and knows it at once', async () => {
      const second = await world.replica();
      const linkId = await makeLink(world, person);
      const { id } = await makeConnection(world, person, [linkId]);
      await stop(person, id);
      expect((await person.browser.at(second.port).get('/apps')).words).not.toContain('Stop Reader');
      await second.close();
    });

    test('two processes tell the Host of one end once', async () => {
      const second = await world.replica();
      const linkId = await makeLink(world, person);
      const made = await Promise.all(Array.from({ length: 10 }, () => makeConnection(world, person, [linkId])));
      await Promise.all(
        made.map(({ id }, n) =>
          stop({ ...person, browser: person.browser.at(n % 2 === 0 ? world.am.port : second.port) }, id),
        ),
      );
      await settled(linkId);
      for (const { grantIds } of made) {
        expect(world.host.calls.filter(({ form }) => form.get('token') === grantIds[0])).toHaveLength(1);
      }
      await second.close();
    });

    test('a Host that is down is shown as still being told, and is told after it is back', async () => {
      const linkId = await makeLink(world, person);
      const { id, grantIds } = await makeConnection(world, person, [linkId]);
      await world.host.stop();
      expect((await stop(person, id)).status).toBe(303);
      await eventually(async () => (await revocations(linkId))[0]?.attempts !== 0);
      expect((await person.browser.get('/apps')).words).toMatch(/Photos still trying, \d+ tr(y|ies)/);
      await world.host.start();
      await world.host.called(({ form }) => form.get('token') === grantIds[0]);
      const rows = await settled(linkId);
      expect(rows[0]?.last_error).toBeNull();
    });

    test('only 200 confirms: whatever else the Host says, it is tried again', async () => {
      const replies = [
        { status: 503, json: { error: 'temporarily_unavailable' } },
        // the Host may merely have failed to read our document
        { status: 401, json: { error: 'invalid_client' } },
        { status: 404, json: '<html>' },
        { status: 302, json: {} },
      ];
      const scripted = new Map<string, (typeof replies)[number]>();
      world.host.behaviour.revoke = ({ form }) => scripted.get(form.get('token') ?? '') ?? { status: 200 };
      const linkId = await makeLink(world, person);
      const made = await Promise.all(replies.map(() => makeConnection(world, person, [linkId])));
      for (const [n, { grantIds }] of made.entries())
        scripted.set(grantIds[0] ?? '', replies[n] ?? { status: 500, json: {} });
      await Promise.all(made.map(({ id }) => stop(person, id)));
      const rows = await eventually(async () => {
        const now = await revocations(linkId);
        return now.length === replies.length && now.every(({ attempts }) => attempts >= 2) ? now : null;
      });
      for (const row of rows) expect(row).toMatchObject({ state: 'pending', last_error: expect.stringMatching(/./) });
      scripted.clear();
      await settled(linkId);
    });

    test('an end that no process announced is found by the sweep', async () => {
      const linkId = await makeLink(world, person);
      const { id } = await makeConnection(world, person, [linkId]);
      await world.pool.query(`select oauth_end_grant($1, 'client')`, [id]);
      await settled(linkId);
    });

    test('after a week a Host is given up, and the owner told what to do', async () => {
      const linkId = await makeLink(world, person);
      const { id } = await makeConnection(world, person, [linkId]);
      world.host.behaviour.revoke = () => ({ status: 503 });
      await stop(person, id);
      await world.pool.query(`update revocation set created_at = now() - interval '8 days' where link_id = $1`, [
        linkId,
      ]);
      await eventually(async () => (await revocations(linkId))[0]?.state === 'failed');
      expect((await person.browser.get('/apps')).words).toContain('could not be told in a week');
      expect((await person.browser.get('/timeline')).words).toContain('could not be told in a week');
    });

    test('another person’s connection, an unknown one and a strange id are one 404, and nothing ends', async () => {
      const linkId = await makeLink(world, stranger);
      const { id } = await makeConnection(world, stranger, [linkId]);
      const answers = await Promise.all([
        stop(person, id),
        stop(person, 'con_0000000000000000'),
        stop(person, '%00'),
        stop(person, "'or'1'='1"),
      ]);
      expect(answers.map(({ status }) => status)).toEqual([404, 404, 404, 404]);
      const [theirs, none] = answers.map(({ words }) => words);
      expect(theirs).toBe(none);
      expect(await live(id)).toBe(true);
      expect((await person.browser.get('/apps')).words).not.toContain(id);
    });

    test('a repeat changes nothing', async () => {
      const linkId = await makeLink(world, person);
      const { id } = await makeConnection(world, person, [linkId]);
      expect([(await stop(person, id)).status, (await stop(person, id)).status]).toEqual([303, 303]);
      expect(await revocations(linkId)).toHaveLength(1);
    });

    test('a form without its token, or from another site, stops nothing', async () => {
      const linkId = await makeLink(world, person);
      const { id } = await makeConnection(world, person, [linkId]);
      const path = `/apps/${id}/stop`;
      const answers = await Promise.all([
        person.browser.post(path, {}),
        person.browser.post(path, {}, { 'sec-fetch-site': 'cross-site' }),
        person.browser.post('/stop-everything', {}),
        person.browser.post(`/hosts/${linkId}/stop`, {}),
      ]);
      expect(answers.map(({ status }) => status)).toEqual([403, 403, 403, 403]);
      expect(await live(id)).toBe(true);
    });

    test('when the database fails, the answer is 503, never success; the next try succeeds', async () => {
      const linkId = await makeLink(world, person);
      const { id } = await makeConnection(world, person, [linkId]);
      await world.pool.query(
        `create function no_end() returns trigger language plpgsql as $$ begin raise exception 'no'
          using errcode = '53100'; end $$`,
      );
      await world.pool.query(
        'create trigger no_end before insert on revocation for each row execute function no_end()',
      );
      const answers = [
        await stop(person, id),
        await person.browser.submit('/apps', '/stop-everything'),
        await person.browser.submit('/hosts', `/hosts/${linkId}/stop`),
      ];
      expect(answers.map(({ status }) => status)).toEqual([503, 503, 503]);
      expect(await live(id)).toBe(true);
      await world.pool.query('drop trigger no_end on revocation; drop function no_end()');
      expect((await stop(person, id)).status).toBe(303);
      expect(await live(id)).toBe(false);
    });
  });
}
