import { parseForm } from '@chatelaine/protocol';
import { describe, expect, it } from '@jest/globals';
import {
  allField,
  answerField,
  askedField,
  EVERY_ACCOUNT,
  hostsWithSeveralAccounts,
  type OfferedLink,
  readConsentForm,
} from '../src/consent/consent-form.ts';

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

  it('names the Hosts for which one answer for every account says nothing', () => {
    expect(hostsWithSeveralAccounts(offered)).toEqual(['photos']);
    expect(hostsWithSeveralAccounts(offered.slice(1))).toEqual([]);
  });

  it('takes one answer for every account, except where it would choose between two at one Host, and what was said of one before it', () => {
    const everyAccount = (answers: Record<string, string>) =>
      readConsentForm(
        [...offered, link('lnk_4', 'calendar')],
        form({
          [EVERY_ACCOUNT]: 'allow',
          ...Object.fromEntries(
            ['lnk_1', 'lnk_2', 'lnk_3', 'lnk_4'].flatMap((linkId) => [
              [allField(linkId), ''],
              [askedField(linkId), 'entries.read entries.write'],
            ]),
          ),
          ...answers,
        }),
      );
    const all = [{ effect: 'allow' }, { effect: 'allow' }];
    expect(everyAccount({})).toMatchObject({
      shown: [
        { linkId: 'lnk_3', answers: all },
        { linkId: 'lnk_4', answers: all },
      ],
    });
    expect(everyAccount({ [allField('lnk_2')]: 'ask', [allField('lnk_3')]: 'no' })).toMatchObject({
      shown: [
        { linkId: 'lnk_2', answers: [{ effect: 'ask' }, { effect: 'ask' }] },
        { linkId: 'lnk_4', answers: all },
      ],
    });
    expect(everyAccount({ [askedField('lnk_4')]: 'entries.read' })).toMatchObject({
      shown: [{ linkId: 'lnk_3' }, { linkId: 'lnk_4', answers: [{ scope: 'entries.read', effect: 'allow' }] }],
    });
    // an account that was linked after the page was made
    expect(readConsentForm(offered, form({ [EVERY_ACCOUNT]: 'allow' })).kind).toBe('again');
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
      scopes: ['a', 'b', 'c', 'd', 'e'].map((name) => ({ scope: `entries.${name}`, sentence: name })),
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
    expect(read).toMatchObject({ kind: 'again', problem: expect.stringContaining('two accounts') });
  });

  it('asks again when nothing was chosen, or a duration that does not exist', () => {
    expect(readConsentForm(offered, form({})).kind).toBe('again');
    expect(
      readConsentForm(offered, form({ [answerField('lnk_1', 'entries.read')]: 'allow', duration: 'aeon' })).kind,
    ).toBe('again');
  });
});
