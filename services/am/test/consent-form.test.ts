import { describe, expect, it } from '@jest/globals';
import { answerField, type OfferedLink, readConsentForm } from '../src/oauth/consent-form.ts';

const link = (linkId: string, hostId: string): OfferedLink => ({
  linkId,
  hostId,
  hostName: hostId,
  label: linkId,
  scopes: [
    { scope: 'entries.read', sentence: 'Read' },
    { scope: 'entries.write', sentence: 'Write' },
  ],
});
const offered = [link('lnk_1', 'photos'), link('lnk_2', 'photos'), link('lnk_3', 'notes')];
const form = (answers: Record<string, string>) => new Map(Object.entries(answers));

describe('the consent form', () => {
  it('gives exactly what was chosen, per account and scope', () => {
    const read = readConsentForm(
      offered,
      form({
        [answerField('lnk_1', 'entries.read')]: 'allow',
        [answerField('lnk_3', 'entries.write')]: 'ask',
        [answerField('lnk_3', 'entries.read')]: 'no',
        duration: 'day',
      }),
    );
    expect(read).toEqual({
      kind: 'consent',
      lifetimeSeconds: 86_400,
      shown: [
        { hostId: 'photos', linkId: 'lnk_1', answers: [{ scope: 'entries.read', effect: 'allow' }] },
        { hostId: 'notes', linkId: 'lnk_3', answers: [{ scope: 'entries.write', effect: 'ask' }] },
      ],
    });
  });

  it('never gives what was not offered: links of others, scopes beyond the ceiling, effects that do not exist', () => {
    const read = readConsentForm(
      offered,
      form({
        [answerField('lnk_9', 'entries.read')]: 'allow',
        [answerField('lnk_1', 'admin')]: 'allow',
        [answerField('lnk_1', 'entries.read')]: 'deny',
      }),
    );
    expect(read.kind).toBe('again');
  });

  it('takes one account per Host', () => {
    const read = readConsentForm(
      offered,
      form({ [answerField('lnk_1', 'entries.read')]: 'allow', [answerField('lnk_2', 'entries.read')]: 'ask' }),
    );
    expect(read).toMatchObject({ kind: 'again', problem: expect.stringContaining('one account') });
  });

  it('asks again when nothing was chosen, or a duration that does not exist', () => {
    expect(readConsentForm(offered, form({})).kind).toBe('again');
    expect(
      readConsentForm(offered, form({ [answerField('lnk_1', 'entries.read')]: 'allow', duration: 'aeon' })).kind,
    ).toBe('again');
  });
});
