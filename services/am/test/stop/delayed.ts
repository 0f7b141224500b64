import { describe, expect, it } from '@jest/globals';
import { answersOf, batch, streamBatch } from '../support/batch.ts';
import { ANSWERS, ask, errorOf, hooks, deployment, stop } from './scene.ts';

/** The bound that PROTOCOL §7 publishes. */
const LEAVES_WITHIN_MS = 250;
const FAR_TOO_LONG_MS = 60_000;
const owned = await deployment.story(ANSWERS);
const fresh = () => deployment.beside(owned, ANSWERS);
const outcomes = async (by: { connection: { id: string } }) =>
  deployment.rows('select state, error from transfer where connection_id = $1', [by.connection.id]);

/** Delays the answers to the first `times` transfers by `ms` after their completion was committed; `also` runs then. */
const delayAnswers = (ms: number, { times }: { times: number }, also = async (): Promise<unknown> => undefined) => {
  const seen = { completions: 0 };
  hooks.now = 0;
  hooks.at = async (name) => {
    if (name !== 'transfer.completed') return;
    seen.completions += 1;
    if (seen.completions > times) return;
    hooks.now = (hooks.now ?? 0) + ms;
    await also();
  };
  return seen;
};

/** A completed transfer is answered in time, or not at all. PROTOCOL §5, §7. */
export function delayedAnswers(): void {
  describe('a process that is held up between the completion of a transfer and its answer', () => {
    it('answers when it was held up no longer than the bound', async () => {
      const by = await fresh();
      const seen = delayAnswers(LEAVES_WITHIN_MS, { times: 1 });
      expect((await ask(by)).status).toBe(200);
      expect(seen.completions).toBe(1);
    });

    it('reads revocation once more when it was longer, and then answers', async () => {
      const by = await fresh();
      const seen = delayAnswers(FAR_TOO_LONG_MS, { times: 1 });
      expect((await ask(by)).status).toBe(200);
      expect(seen.completions).toBe(2);
      expect(await outcomes(by)).toEqual([{ state: 'minted', error: null }]);
    });

    it('refuses what was stopped meanwhile, though it had been completed', async () => {
      const by = await fresh();
      delayAnswers(FAR_TOO_LONG_MS, { times: 1 }, () => stop(by));
      const answer = await ask(by);
      expect(errorOf(answer)).toBe('400 invalid_request');
      expect(answer.text).not.toContain(deployment.host.minted.at(-1)?.token);
      expect(await outcomes(by)).toEqual([{ state: 'withheld', error: null }]);
    });

    it('discards it when it is held up again and again: 503, and the owner reads that none was given', async () => {
      const by = await fresh();
      delayAnswers(FAR_TOO_LONG_MS, { times: Infinity });
      const answer = await ask(by);
      expect(errorOf(answer)).toBe('503 temporarily_unavailable');
      expect(answer.headers['retry-after']).toBeDefined();
      expect(answer.text).not.toContain(deployment.host.minted.at(-1)?.token);
      expect(await outcomes(by)).toEqual([{ state: 'withheld', error: 'late' }]);
      expect((await by.owner.browser.get('/timeline')).words).toContain('too slow to hand it out');
    });

    it('does so for a document and for lines', async () => {
      const items = [{ id: 'a', resource: deployment.host.resource, scope: 'photos.read' }];
      for (const kind of ['a document', 'lines']) {
        const by = await fresh();
        delayAnswers(FAR_TOO_LONG_MS, { times: Infinity });
        const answers =
          kind === 'lines'
            ? await (await streamBatch(deployment, by, { items })).rest()
            : answersOf(await batch(deployment, by, { items }));
        expect(answers).toEqual([expect.objectContaining({ status: 503, error: 'temporarily_unavailable' })]);
        const stopped = await fresh();
        delayAnswers(FAR_TOO_LONG_MS, { times: 1 }, () => stop(stopped));
        const refused =
          kind === 'lines'
            ? await (await streamBatch(deployment, stopped, { items })).rest()
            : answersOf(await batch(deployment, stopped, { items }));
        expect(refused).toEqual([expect.objectContaining({ status: 400, error: 'invalid_request' })]);
      }
    });
  });
}
