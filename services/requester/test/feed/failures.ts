import { describe, expect, test } from '@jest/globals';
import { world, browser } from './scene.ts';

export function failures(): void {
  describe('trouble with one Host is a sentence, and the other Host is still shown', () => {
    const cases: [string, { status?: number; json: unknown }, RegExp][] = [
      [
        'a rule says no',
        { status: 400, json: { error: 'access_denied', denied_by: 'am' } },
        /You do not allow this.*Photos/,
      ],
      [
        'the Host says no',
        { status: 400, json: { error: 'access_denied', denied_by: 'host' } },
        /Photos itself does not allow/,
      ],
      ['not linked any more', { status: 400, json: { error: 'invalid_target' } }, /does not offer Photos/],
      ['not chosen', { status: 400, json: { error: 'invalid_scope' } }, /may not ask Photos/],
      [
        'the Host is down',
        { status: 504, json: { error: 'temporarily_unavailable' } },
        /Photos does not answer at the moment/,
      ],
      [
        'the AM is busy',
        { status: 503, json: { error: 'temporarily_unavailable' } },
        /Your authorization manager does not answer/,
      ],
      ['the AM talks nonsense', { status: 200, json: ['what?'] }, /Your authorization manager answered something/],
    ];
    test.each(cases)('%s', async (_name, answer, sentence) => {
      world.deployment.refusal[world.deployment.resource('photos')] = answer;
      const { words, status } = await browser.get('/');
      expect(status).toBe(200);
      expect(words).toMatch(sentence);
      expect(words).toContain('Buy milk');
      expect(words).not.toContain('A lake');
    });

    test('a decision is wanted: a link to the AM', async () => {
      const interaction_uri = `${world.deployment.am}/asks/1`;
      world.deployment.refusal[world.deployment.resource('photos')] = {
        status: 400,
        json: { error: 'interaction_required', interaction_uri },
      };
      const { words, text } = await browser.get('/');
      expect(words).toContain('Photos waits for your decision');
      expect(text).toContain(`href="${interaction_uri}"`);
      expect(words).toContain('Buy milk');
    });

    const answers: [string, { status?: number; json?: unknown }, RegExp][] = [
      ['refuses', { status: 403, json: { error: 'insufficient_scope' } }, /Photos itself refused/],
      ['fails', { status: 500, json: {} }, /Photos cannot answer at the moment/],
      ['answers nonsense', { json: { entries: [{ id: 1 }] } }, /Photos answered something/],
      [
        'answers a bad date',
        { json: { entries: [{ id: '1', text: 'x', date: 'yesterday' }] } },
        /Photos answered something/,
      ],
      [
        'answers too much',
        { json: { entries: [{ id: '1', text: 'x'.repeat(20_000), date: '2026-01-01' }] } },
        /Photos answered something/,
      ],
    ];
    test.each(answers)('the Host %s', async (_name, answer, sentence) => {
      world.deployment.on['photos /api/entries'] = () => answer;
      const { words, status } = await browser.get('/');
      expect(status).toBe(200);
      expect(words).toMatch(sentence);
      expect(words).toContain('Buy milk');
    });
  });
}
