import { beforeEach, describe, expect, test } from '@jest/globals';
import { eventually } from '@chatelaine/test-kit';
import { CLEAN_AUDIT, type Story } from '../support/deployment.ts';
import { gate } from '../support/scripted-host.ts';
import { ask, deployment, fresh, grantOf, home, pathOf, pause, REFUSED, resume, wordsOf } from './scene.ts';

/** A pause that races with transfers, stops and other pauses. PROTOCOL §7. */
export function pausesDuringTransfers(): void {
  let story: Story;
  beforeEach(async () => {
    deployment.host.reset();
    story = await fresh();
  });

  describe('a pause and a transfer that is under way', () => {
    test('meet: nothing is handed out, the row says withheld, and the Host is told', async () => {
      for (const { port } of deployment.ams) {
        const of = await deployment.beside(home, { 'photos.read': 'allow' });
        const before = await grantOf(of);
        const held = gate();
        deployment.host.reset();
        deployment.host.script.transfer = async (_hop, mint) => {
          const json = mint();
          await held.opened;
          return { json };
        };
        const pending = ask(of);
        await deployment.host.until(() => deployment.host.hops.length === 1);
        expect((await pause(of, 'open', port)).status).toBe(303);
        held.open();
        const answer = await pending;
        expect([answer.status, answer.json]).toEqual([400, expect.objectContaining(REFUSED)]);
        expect(answer.text).not.toContain(deployment.host.minted.at(-1)?.token);
        expect(await deployment.transfers(of.connection)).toEqual([
          expect.objectContaining({ state: 'withheld', error: 'paused' }),
        ]);
        await eventually(() => deployment.host.revoked.some(({ token }) => token === before));
      }
    });

    test('that the Host refuses because it was told first is refused as paused, not as if it had ended', async () => {
      const held = gate();
      deployment.host.script.transfer = async () => {
        await held.opened;
        return { status: 400, json: { error: 'invalid_request' } };
      };
      const pending = ask(story);
      await deployment.host.until(() => deployment.host.hops.length === 1);
      await pause(story);
      held.open();
      expect((await pending).json).toMatchObject(REFUSED);
    });

    test('none of many at both processes that began after it hands anything out', async () => {
      const results: { began: number; status: number }[] = [];
      let paused = Infinity;
      const one = async (at: number): Promise<void> => {
        const began = performance.now();
        const { status } = await ask(story, { port: deployment.ams[at % 2]?.port ?? 0 });
        results.push({ began, status });
      };
      const running = Array.from({ length: 12 }, (_, at) => one(at));
      await pause(story);
      paused = performance.now();
      await Promise.all([...running, ...Array.from({ length: 6 }, (_, at) => one(at))]);
      expect(results.filter(({ began, status }) => began > paused && status === 200)).toEqual([]);
      expect(results.filter(({ began }) => began > paused)).toHaveLength(6);
    });
  });

  describe('pausing', () => {
    test('once more only changes until when: a Host is told once', async () => {
      await pause(story, 'hour');
      const grant = await grantOf(story);
      await pause(story, 'open');
      expect(await grantOf(story)).toBe(grant);
      expect(await wordsOf(story)).toContain('until you resume it.');
      const told = await deployment.rows('select id from revocation where connection_id = $1', [story.connection.id]);
      expect(told).toHaveLength(1);
    });

    test('and resuming at once on two processes ends as one of the two, and never half', async () => {
      const [first, second] = deployment.ams;
      await Promise.all([
        pause(story, 'open', first.port),
        pause(story, 'hour', second.port),
        resume(story),
        pause(story, 'open', second.port),
      ]);
      await resume(story);
      expect((await ask(story)).status).toBe(200);
      expect(await deployment.audit()).toEqual(CLEAN_AUDIT);
    });

    test('is for its owner alone, of a live app, for a time that there is, and not from another site', async () => {
      const other = await deployment.owner();
      const path = pathOf(story);
      for (const what of ['pause', 'resume']) {
        expect((await other.browser.submit('/apps', `${path}/${what}`, { for: 'open' })).status).toBe(404);
        expect((await other.browser.submit('/apps', `/apps/con_none/${what}`, { for: 'open' })).status).toBe(404);
        expect((await story.owner.browser.post(`${path}/${what}`, { for: 'open' })).status).toBe(403);
      }
      for (const given of ['', 'year', '__proto__', '-1'])
        expect((await story.owner.browser.submit(path, `${path}/pause`, { for: given })).status).toBe(400);
      expect((await ask(story)).status).toBe(200);
      await story.owner.browser.submit(path, `${path}/stop`);
      for (const what of ['pause', 'resume'])
        expect((await story.owner.browser.submit('/apps', `${path}/${what}`, { for: 'open' })).status).toBe(404);
    });

    test('does not keep it from being stopped', async () => {
      await pause(story);
      const grant = await grantOf(story);
      await story.owner.browser.submit(pathOf(story), `${pathOf(story)}/stop`);
      expect(await wordsOf(story)).toContain('is stopped');
      expect((await ask(story)).json['error']).toBe('invalid_request');
      await eventually(() => deployment.host.revoked.some(({ token }) => token === grant));
    });
  });
}
