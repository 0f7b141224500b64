import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { LIMIT, type TermsAgreement, type TermsProffer } from '@chatelaine/protocol';
import {
  generateSigningKey,
  isAmong,
  publicJwks,
  readProffer,
  readTermsRecord,
  signAgreement,
  type SigningKey,
  signProffer,
} from '../src/index.ts';
import { forge, NOW, otherSpelling } from './fixtures.ts';

const am = generateSigningKey('ES256');
const requester = generateSigningKey('EdDSA');
const terms = { uri: 'https://am.example/terms/no-training/1.0', digest: 'n'.repeat(43) };
const offered: TermsProffer = {
  iss: 'https://am.example',
  aud: 'https://reader.example/client.json',
  iat: NOW,
  jti: 'j'.repeat(22),
  sub: 'con_1',
  terms: [terms],
};
const answer = (proffer: string): TermsAgreement => ({
  iss: offered.aud,
  sub: offered.aud,
  aud: offered.iss,
  iat: NOW + 1,
  proffer,
  accepted: terms,
});
const bare = ({ publicJwk }: SigningKey) => ({ ...publicJwk, kid: undefined, use: undefined, alg: undefined });
const headerOf = (typ: string, key: SigningKey) => ({ alg: key.alg, typ, jwk: bare(key) });

describe('a record of terms', () => {
  test('is read as it was signed, with both keys, and nothing else is needed', async () => {
    const proffer = await signProffer(offered, am);
    const text = await signAgreement(answer(proffer), requester);
    const record = await readTermsRecord(text);
    expect(record).toMatchObject({ text, claims: answer(proffer), proffer: { text: proffer, claims: offered } });
    if ('fault' in record) throw new Error('not read');
    expect(isAmong(publicJwks([requester]).keys, record.key)).toBe(true);
    expect(isAmong(publicJwks([am]).keys, record.proffer.key)).toBe(true);
    expect(isAmong(publicJwks([am]).keys, record.key)).toBe(false);
    expect(isAmong(['x', null, {}], record.key)).toBe(false);
  });

  test('is refused when any one character is changed', async () => {
    const text = await signAgreement(answer(await signProffer(offered, am)), requester);
    const run = fc.asyncProperty(fc.nat(text.length - 1), fc.constantFrom('A', 'B', '-', '.', '='), async (at, by) => {
      if (text[at] === by) return;
      expect(await readTermsRecord(text.slice(0, at) + by + text.slice(at + 1))).toHaveProperty('fault');
    });
    await fc.assert(run, { numRuns: 300, seed: 12 });
  });

  test('fits the limit with the longest names that are accepted', async () => {
    const issuer = `https://${'a'.repeat(92)}`;
    const reference = (last: string) => ({ uri: 'u'.repeat(LIMIT.termsUriChars - 1) + last, digest: 'd'.repeat(43) });
    const aud = 'c'.repeat(LIMIT.signerIdChars);
    const claims = { ...offered, iss: issuer, aud, sub: 'c'.repeat(30), terms: [reference('1'), reference('2')] };
    const key = generateSigningKey('ES256');
    const proffer = await signProffer(claims, key);
    const text = await signAgreement(
      { iss: aud, sub: aud, aud: issuer, iat: NOW, proffer, accepted: reference('2') },
      key,
    );
    expect(text.length).toBeLessThanOrEqual(LIMIT.agreementChars);
    expect(await readTermsRecord(text)).toHaveProperty('claims.accepted', reference('2'));
  });

  test('is refused for its typ, its key, a non-canonical encoding, and duplicate or too many members', async () => {
    const proffer = await signProffer(offered, am);
    const good = headerOf('terms-agreement+jwt', requester);
    const claims = answer(proffer);
    const fault = async (text: string) => {
      const read = await readTermsRecord(text);
      return 'fault' in read ? read.fault : 'none';
    };
    expect(await fault(forge(good, claims, requester))).toBe('none');
    expect(await fault(proffer)).toBe('typ');
    expect(await fault(forge({ ...good, typ: 'requester-statement+jwt' }, claims, requester))).toBe('typ');
    expect(await fault(forge({ ...good, jwk: undefined, kid: requester.kid }, claims, requester))).toBe('key');
    expect(await fault(forge({ ...good, jwk: { ...requester.privateJwk } }, claims, requester))).toBe('key');
    expect(await fault(forge({ ...good, jwk: bare(generateSigningKey('EdDSA')) }, claims, requester))).toBe(
      'signature',
    );
    expect(await fault(forge({ ...good, crit: ['x'] }, claims, requester))).toBe('malformed');
    const twice = JSON.stringify(claims).replace('{', '{"declined":true,').replace('"iat"', '"declined":true,"iat"');
    expect(await fault(forge(good, twice, requester))).toBe('malformed');
    expect(await fault(forge(good, { ...claims, declined: true }, requester))).toBe('claims');
    expect(await fault(forge(good, { ...claims, exp: NOW + 60 }, requester))).toBe('claims');
    expect(await fault(forge(good, { ...claims, aud: 'https://else.example' }, requester))).toBe('not an answer to it');
    expect(await fault(forge(good, { ...claims, proffer: forge(good, claims, requester) }, requester))).toBe('proffer');
    expect(await fault('x'.repeat(LIMIT.agreementChars + 1))).toBe('size');
    expect(await readProffer(otherSpelling(proffer))).toHaveProperty('fault');
  });
});
