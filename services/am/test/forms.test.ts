import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { allField, answerField, readConsentForm } from '../src/consent/consent-form.ts';
import type { OfferedLink } from '../src/consent/offered.ts';

// any code point, lone surrogates included; fast-check's own `unit: 'binary'` takes seconds to set up
const anyText = fc
  .array(fc.nat({ max: 0x10_ffff }), { maxLength: 20 })
  .map((points) => String.fromCodePoint(...points));

const link = (linkId: string, hostId: string): OfferedLink => ({
  linkId,
  hostId,
  hostName: hostId,
  hostIssuer: `https://${hostId}.example`,
  label: linkId,
  scopes: ['entries.read', 'entries.write'].map((scope) => ({
    scope,
    sentence: scope,
    access: 'write',
    isWanted: true,
  })),
});
const offered = [link('lnk_1', 'photos'), link('lnk_2', 'photos'), link('lnk_3', 'notes')];

const field = fc.oneof(
  ...['lnk_1', 'lnk_2', 'lnk_3', 'lnk_4', '__proto__'].flatMap((linkId) => [
    fc.constant(allField(linkId)),
    ...['entries.read', 'entries.write', 'everything', ''].map((scope) => fc.constant(answerField(linkId, scope))),
  ]),
  fc.string({ maxLength: 6 }),
);
const value = fc.oneof(fc.constantFrom('allow', 'ask', 'no', 'deny', '', 'ALLOW', 'allow '), anyText);

describe('the consent form, whatever is sent', () => {
  it('gives nothing that was not offered and chosen, at one account per Host, for a time on offer', () => {
    let consents = 0;
    fc.assert(
      fc.property(
        fc.array(fc.tuple(field, value), { maxLength: 10 }),
        fc.oneof(fc.constantFrom('open', 'hour', 'today'), fc.string()),
        (answers, duration) => {
          const form = new Map([...answers, ['duration', duration] as const]);
          const read = readConsentForm(offered, form);
          if (read.kind === 'again') return;
          consents++;
          expect([null, 3_600, 86_400, 30 * 86_400]).toContain(read.lifetimeSeconds);
          const hosts = read.shown.map(({ hostId }) => hostId);
          expect(new Set(hosts).size).toBe(hosts.length);
          for (const { linkId, hostId, answers: given } of read.shown) {
            const own = offered.find((each) => each.linkId === linkId);
            expect(own?.hostId).toBe(hostId);
            for (const { scope, effect } of given) {
              expect(own?.scopes.map((each) => each.scope)).toContain(scope);
              expect(['allow', 'ask']).toContain(effect);
              expect([form.get(answerField(linkId, scope)), form.get(allField(linkId))]).toContain(effect);
            }
          }
        },
      ),
      { numRuns: 3_000, seed: 36 },
    );
    expect(consents).toBeGreaterThan(0);
  });
});
