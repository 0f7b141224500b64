import { describe, expect, it } from '@jest/globals';
import type { Effect, Rule } from '../src/rules/rule.ts';
import { decide, decidedBy, type Snapshot, type Target } from '../src/transfer/decide.ts';

const target: Target = {
  hostId: 'h'.repeat(22),
  hostIssuer: 'https://photos.example',
  hostName: 'Photos',
  linkId: 'lnk_1',
  ceiling: ['entries.read', 'entries.write'],
  shown: ['entries.read', 'entries.write', 'entries.delete'],
  grantId: 'g'.repeat(22),
  bearer: false,
  unconfirmedEnds: 0,
};
const ruleOf = (effect: Effect, over: Partial<Rule> = {}): Rule => ({
  id: 'rule_1',
  connectionId: 'con_1',
  linkId: 'lnk_1',
  scope: 'entries.read',
  limit: null,
  until: null,
  ...over,
  effect,
});
const snapshot: Snapshot = {
  connectionId: 'con_1',
  ownerId: 'acc_1',
  bucket: 7,
  clientId: 'https://life.example/client',
  clientName: 'Life',
  clientUri: null,
  jkt: 'k'.repeat(43),
  pausedFor: null,
  policyVersion: '3',
  target,
  rules: [ruleOf('allow')],
  approvedAskId: null,
  terms: { kind: 'none' },
  signersOnly: false,
};
const byKey = (jkt: string) => ({ kind: 'key', jkt }) as const;
const request = {
  clientId: snapshot.clientId,
  subject: { kind: 'token', key: { bucket: 7, hash: Buffer.alloc(32) } } as const,
  binding: byKey('k'.repeat(43)),
  scopes: ['entries.read'],
};
/** The request of a connection that is found by its authorization code or refresh token. */
const plain = { ...request, subject: { kind: 'grant', bucket: 7, id: 'con_1' } as const };

describe('a decision', () => {
  it('allows what consent, ceiling and rules all allow', () => {
    expect(decide(snapshot, request)).toMatchObject({ kind: 'allow', target, askId: null });
  });

  it('waits for a Host that has not confirmed ten ends of this connection; denied or asked stays so', () => {
    const behind = (ends: number, effect: 'allow' | 'ask' | 'deny', approvedAskId: string | null = null) => {
      const rules = [ruleOf(effect)];
      return decide({ ...snapshot, rules, approvedAskId, target: { ...target, unconfirmedEnds: ends } }, request).kind;
    };
    expect(behind(9, 'allow')).toBe('allow');
    expect([behind(10, 'allow'), behind(11, 'allow'), behind(10, 'ask', 'ask_1')]).toEqual(
      Array(3).fill('host_behind'),
    );
    expect([behind(10, 'ask'), behind(10, 'deny')]).toEqual(['ask', 'deny']);
  });

  it('refuses a token that is not alive, of another client, or with another key, as a bad token', () => {
    expect(decide(null, request)).toEqual({ kind: 'bad_token', reason: 'unknown' });
    expect(decide(snapshot, { ...request, clientId: 'https://else.example/client' })).toEqual({
      kind: 'bad_token',
      reason: 'foreign',
    });
    expect(decide(snapshot, { ...request, binding: byKey('x'.repeat(43)) })).toEqual({
      kind: 'bad_token',
      reason: 'key',
    });
    expect(decide({ ...snapshot, jkt: null }, request)).toEqual({ kind: 'bad_token', reason: 'key' });
  });

  it('looks at the token before it says anything about the target', () => {
    expect(decide({ ...snapshot, target: null }, { ...request, binding: byKey('x'.repeat(43)) }).kind).toBe(
      'bad_token',
    );
  });

  it('is never for no key where the connection has one, or where Host and owner have not both agreed', () => {
    const bearer = { ...plain, binding: { kind: 'bearer' } as const };
    const agreed = { ...snapshot, jkt: null, target: { ...target, bearer: true } };
    expect(decide(agreed, bearer).kind).toBe('allow');
    expect(decide({ ...agreed, jkt: snapshot.jkt }, bearer)).toEqual({ kind: 'bad_token', reason: 'key' });
    expect(decide({ ...agreed, target }, bearer)).toEqual({ kind: 'key_needed' });
    expect(decide(agreed, { ...bearer, subject: request.subject })).toEqual({ kind: 'bad_token', reason: 'key' });
  });

  it('is for the first key that a connection without one brings, and for no other once it has one', () => {
    expect(decide({ ...snapshot, jkt: null }, plain).kind).toBe('allow');
    expect(decide(snapshot, { ...plain, binding: byKey('x'.repeat(43)) }).kind).toBe('bad_token');
  });

  it('is that it is paused before anything is said about a target, and when to come back within the hour', () => {
    const after = (pausedFor: number) => decide({ ...snapshot, pausedFor, target: null }, request);
    expect([after(12.3), after(0), after(Infinity)]).toEqual([
      { kind: 'paused', retryAfter: 13 },
      { kind: 'paused', retryAfter: 1 },
      { kind: 'paused', retryAfter: 3600 },
    ]);
    expect(decide({ ...snapshot, pausedFor: 9 }, { ...request, clientId: 'https://else.example/client' }).kind).toBe(
      'bad_token',
    );
  });

  it('refuses a Host that is not shown', () => {
    expect(decide({ ...snapshot, target: null }, request)).toEqual({ kind: 'bad_target' });
  });

  it('refuses scopes beyond the ceiling or the consent, whatever the rules say, and never narrows', () => {
    const allowAll = {
      ...snapshot,
      rules: [ruleOf('allow', { connectionId: null, linkId: null, scope: null })],
    };
    expect(decide(allowAll, { ...request, scopes: ['entries.read', 'entries.delete'] })).toEqual({ kind: 'bad_scope' });
    const narrow = { ...allowAll, target: { ...target, shown: ['entries.read'] } };
    expect(decide(narrow, { ...request, scopes: ['entries.read', 'entries.write'] })).toEqual({ kind: 'bad_scope' });
  });

  it('refuses an empty set of scopes', () => {
    expect(decide(snapshot, { ...request, scopes: [] })).toEqual({ kind: 'bad_scope' });
  });

  it('denies the whole when one scope is denied, even with an approval at hand', () => {
    const denied = {
      ...snapshot,
      approvedAskId: 'ask_1',
      rules: [...snapshot.rules, ruleOf('deny', { connectionId: null, linkId: null, scope: 'entries.write' })],
    };
    expect(decide(denied, { ...request, scopes: ['entries.read', 'entries.write'] }).kind).toBe('deny');
  });

  it('asks for the whole when one scope needs asking, and takes an approval of exactly that', () => {
    const both = { ...request, scopes: ['entries.read', 'entries.write'] };
    expect(decide(snapshot, both)).toMatchObject({ kind: 'ask', target });
    expect(decide({ ...snapshot, approvedAskId: 'ask_1' }, both)).toMatchObject({
      kind: 'allow',
      target,
      askId: 'ask_1',
    });
  });

  it('does not use up an approval when none is needed', () => {
    expect(decide({ ...snapshot, approvedAskId: 'ask_1' }, request)).toMatchObject({
      kind: 'allow',
      target,
      askId: null,
    });
  });

  it('says by which rules, and counts against their limits only what no approval is for', () => {
    const limit = { id: 'lim_1', most: 3, per: 'day', left: 3 } as const;
    const rules = [ruleOf('allow', { limit }), ruleOf('ask', { id: 'rule_2', scope: 'entries.write' })];
    const asked = (scopes: string[], approvedAskId: string | null = null) =>
      decidedBy(decide({ ...snapshot, rules, approvedAskId }, { ...request, scopes }));
    expect(asked(['entries.read'])).toEqual({ ruleIds: ['rule_1'], limitIds: ['lim_1'] });
    const both = ['entries.read', 'entries.write'];
    expect(asked(both)).toEqual({ ruleIds: ['rule_1', 'rule_2'], limitIds: [] });
    expect(asked(both, 'ask_1')).toEqual({ ruleIds: ['rule_1', 'rule_2'], limitIds: [] });
    expect(asked(['entries.other'])).toEqual({ ruleIds: [], limitIds: [] });
  });

  it('wants the owner’s terms answered after target, scope and deny, and before a question', () => {
    const rule = (effect: Effect) => [ruleOf(effect)];
    const kind = (over: Partial<Snapshot>, asked: Partial<typeof request> = {}) =>
      decide({ ...snapshot, ...over }, { ...request, ...asked }).kind;
    const open = { kind: 'open', proffer: 'a.b.c' } as const;
    expect(kind({ terms: open, target: null })).toBe('bad_target');
    expect(kind({ terms: open }, { scopes: ['entries.other'] })).toBe('bad_scope');
    expect(kind({ terms: open, rules: rule('deny') })).toBe('deny');
    for (const effect of ['allow', 'ask'] as const) {
      expect(decide({ ...snapshot, terms: open, rules: rule(effect) }, request)).toEqual({
        kind: 'terms_required',
        proffer: 'a.b.c',
      });
      expect(kind({ terms: { kind: 'declined' }, rules: rule(effect) })).toBe('no_terms');
    }
    expect(kind({ terms: { kind: 'accepted', jti: 'j' }, rules: rule('ask') })).toBe('ask');
    expect(kind({ terms: { kind: 'accepted', jti: 'j' } })).toBe('allow');
  });

  it('denies who has accepted nothing where the owner deals only with those who have', () => {
    expect(decide({ ...snapshot, signersOnly: true }, request)).toEqual({ kind: 'no_terms', reason: 'unsigned' });
    const accepted = { kind: 'accepted', jti: 'j' } as const;
    expect(decide({ ...snapshot, signersOnly: true, terms: accepted }, request).kind).toBe('allow');
  });
});
