import { describe, expect, it } from '@jest/globals';
import { decide, type Snapshot, type Target } from '../src/transfer/decide.ts';

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
const snapshot: Snapshot = {
  connectionId: 'con_1',
  ownerId: 'acc_1',
  bucket: 7,
  clientId: 'https://life.example/client',
  clientName: 'Life',
  clientUri: null,
  jkt: 'k'.repeat(43),
  policyVersion: '3',
  target,
  rules: [{ connectionId: 'con_1', linkId: 'lnk_1', scope: 'entries.read', effect: 'allow' }],
  approvedAskId: null,
};
const byKey = (jkt: string) => ({ kind: 'key', jkt }) as const;
const request = {
  clientId: snapshot.clientId,
  subject: { kind: 'token', key: { bucket: 7, hash: Buffer.alloc(32) } } as const,
  binding: byKey('k'.repeat(43)),
  scopes: ['entries.read'],
};
/** As a connection found by its code or refresh token asks. */
const plain = { ...request, subject: { kind: 'grant', bucket: 7, id: 'con_1' } as const };

describe('a decision', () => {
  it('allows what consent, ceiling and rules all allow', () => {
    expect(decide(snapshot, request)).toEqual({ kind: 'allow', target, askId: null });
  });

  it('waits for a Host that has not confirmed ten ends of this connection, whoever allowed it; what is denied or asked stays so', () => {
    const behind = (ends: number, effect: 'allow' | 'ask' | 'deny', approvedAskId: string | null = null) => {
      const rules = [{ connectionId: 'con_1', linkId: 'lnk_1', scope: 'entries.read', effect }];
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

  it('refuses a Host that is not shown', () => {
    expect(decide({ ...snapshot, target: null }, request)).toEqual({ kind: 'bad_target' });
  });

  it('refuses scopes beyond the ceiling or the consent, whatever the rules say, and never narrows', () => {
    const allowAll = {
      ...snapshot,
      rules: [{ connectionId: null, linkId: null, scope: null, effect: 'allow' as const }],
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
      rules: [...snapshot.rules, { connectionId: null, linkId: null, scope: 'entries.write', effect: 'deny' as const }],
    };
    expect(decide(denied, { ...request, scopes: ['entries.read', 'entries.write'] })).toEqual({ kind: 'deny' });
  });

  it('asks for the whole when one scope needs asking, and takes an approval of exactly that', () => {
    const both = { ...request, scopes: ['entries.read', 'entries.write'] };
    expect(decide(snapshot, both)).toEqual({ kind: 'ask', target });
    expect(decide({ ...snapshot, approvedAskId: 'ask_1' }, both)).toEqual({ kind: 'allow', target, askId: 'ask_1' });
  });

  it('does not use up an approval when none is needed', () => {
    expect(decide({ ...snapshot, approvedAskId: 'ask_1' }, request)).toEqual({ kind: 'allow', target, askId: null });
  });
});
