import { parseForm } from '@chatelaine/protocol';
import { describe, expect, it } from '@jest/globals';
import { addsWords } from '../src/consent/again-card.tsx';
import { allField, answerField, askedField, readConsentForm } from '../src/consent/consent-form.ts';
import type { OfferedLink } from '../src/consent/offered.ts';

const link = (linkId: string, hostId: string): OfferedLink => ({
  linkId,
  hostId,
  hostName: hostId,
  hostIssuer: `https://${hostId}.example`,
  label: linkId,
  scopes: [
    { scope: 'entries.read', sentence: 'Read', access: 'read', isWanted: true },
    { scope: 'entries.write', sentence: 'Write', access: 'write', isWanted: true },
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
        duration: 'today',
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

  it('takes one answer for everything at an account, and what was said of one thing before it', () => {
    const asked = Object.fromEntries(
      offered.flatMap(({ linkId, scopes }) => scopes.map(({ scope }) => [answerField(linkId, scope), ''])),
    );
    const everything = (answers: Record<string, string>) => readConsentForm(offered, form({ ...asked, ...answers }));
    expect(
      everything({ [allField('lnk_1')]: 'allow', [allField('lnk_2')]: 'no', [allField('lnk_3')]: 'ask' }),
    ).toMatchObject({
      shown: [
        { linkId: 'lnk_1', answers: [{ effect: 'allow' }, { effect: 'allow' }] },
        { linkId: 'lnk_3', answers: [{ effect: 'ask' }, { effect: 'ask' }] },
      ],
    });
    const mixed = {
      [allField('lnk_1')]: 'allow',
      [answerField('lnk_1', 'entries.write')]: 'ask',
      [answerField('lnk_1', 'entries.read')]: '',
      [allField('lnk_3')]: 'allow',
      [answerField('lnk_3', 'entries.write')]: 'no',
    };
    expect(everything(mixed)).toMatchObject({
      shown: [
        {
          answers: [
            { scope: 'entries.read', effect: 'allow' },
            { scope: 'entries.write', effect: 'ask' },
          ],
        },
        { answers: [{ scope: 'entries.read', effect: 'allow' }] },
      ],
    });
    expect(everything({ [allField('lnk_1')]: 'deny', [allField('lnk_9')]: 'allow' }).kind).toBe('again');
  });

  it('takes one answer for a list of things, and for nothing that is not in it', () => {
    const answers = { [allField('lnk_3')]: 'ask', [askedField('lnk_3')]: 'entries.read nothing.else' };
    expect(readConsentForm(offered, form(answers))).toMatchObject({
      shown: [{ linkId: 'lnk_3', answers: [{ scope: 'entries.read', effect: 'ask' }] }],
    });
    // an account that was linked after the page was rendered
    expect(readConsentForm(offered.slice(0, 2), form(answers)).kind).toBe('again');
  });

  it('takes everything for what the page asked about, not for what a Host came to offer since', () => {
    const answers = { [allField('lnk_1')]: 'allow', [answerField('lnk_1', 'entries.read')]: '' };
    expect(readConsentForm(offered, form(answers))).toMatchObject({
      shown: [{ answers: [{ scope: 'entries.read', effect: 'allow' }] }],
    });
  });

  it('holds for fifty Hosts with five scopes each, as the page sends it', () => {
    const many = Array.from({ length: 50 }, (_, n) => ({
      ...link(`link_${'x'.repeat(20)}${n}`, `host${n}`),
      scopes: ['a', 'b', 'c', 'd', 'e'].map((name) => ({
        scope: `entries.${name}`,
        sentence: name,
        access: 'read' as const,
        isWanted: true,
      })),
    }));
    const fields = new URLSearchParams();
    for (const { linkId, scopes } of many) {
      fields.set(allField(linkId), 'ask');
      for (const { scope } of scopes) fields.set(answerField(linkId, scope), scope === 'entries.a' ? 'allow' : '');
    }
    const parsed = parseForm(fields.toString());
    const read = readConsentForm(many, parsed.params);
    expect(read.kind === 'consent' && read.shown.length).toBe(50);
    expect(read.kind === 'consent' && read.shown.every(({ answers }) => answers.length === 5)).toBe(true);
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
    expect(read).toMatchObject({
      kind: 'again',
      problem: expect.stringContaining('two accounts'),
      at: allField('lnk_2'),
    });
  });

  it('asks again when nothing was chosen, or a duration that does not exist', () => {
    expect(readConsentForm(offered, form({})).kind).toBe('again');
    expect(
      readConsentForm(offered, form({ [answerField('lnk_1', 'entries.read')]: 'allow', duration: 'aeon' })).kind,
    ).toBe('again');
  });
});

describe('what another connection would add', () => {
  const at = (host: string, access: string) => ({
    host,
    reads: access.includes('r'),
    writes: access.includes('w'),
  });

  it('is said in a few words, however many services there are', () => {
    expect(addsWords([at('Photos', 'w')])).toBe('write to Photos');
    expect(addsWords([at('Photos', 'r'), at('Notes', 'r'), at('Mail', 'rw')])).toBe(
      'read at Photos and Notes; read and write at Mail',
    );
    const many = Array.from({ length: 50 }, (_, index) => at(`Host ${index}`, 'rw'));
    expect(addsWords(many)).toBe('read and write at Host 0, Host 1, Host 2 and 47 other services');
    expect(addsWords(many.slice(0, 4))).toBe('read and write at Host 0, Host 1, Host 2 and Host 3');
  });
});
