import { describe, expect, test } from '@jest/globals';
import { type ExtensionReading, type RequestExtension, serverMetadata } from '../src/index.ts';
import { type ReadExtensions, readExtensions, takesPlainClients } from '../src/extension.ts';
import { EXAMPLE } from './example.ts';

const extension = (name: string, reading: ExtensionReading): RequestExtension => ({ name, read: async () => reading });
const own = { kind: 'own', data: 1, scope: ['a'] } as const;
const kept = { kind: 'kept', data: { x: 2 } } as const;

const read = (...extensions: RequestExtension[]): Promise<ReadExtensions> =>
  readExtensions({ extensions }, {} as Parameters<typeof readExtensions>[1]);

describe('the extensions of a server', () => {
  test('leave a request ordinary when none has anything to say, and keep what they say beside', async () => {
    expect(await read()).toEqual({ kind: 'ordinary', extensions: {} });
    expect(await read(extension('a', { kind: 'none' }), extension('b', kept))).toEqual({
      kind: 'ordinary',
      extensions: { b: kept.data },
    });
  });

  test('make a request their own alone: with another it is refused, in whatever order', async () => {
    expect(await read(extension('a', { kind: 'none' }), extension('b', own))).toEqual({
      kind: 'own',
      answeredBy: 'b',
      scope: ['a'],
      extensions: { b: 1 },
    });
    for (const [first, second] of [[own, kept] as const, [kept, own] as const, [own, own] as const])
      expect(await read(extension('a', first), extension('b', second))).toMatchObject({
        kind: 'refused',
        error: 'invalid_request',
      });
  });

  test('refuse with the first refusal', async () => {
    const refused = { kind: 'refused', error: 'invalid_target', message: 'No.' } as const;
    expect(await read(extension('a', kept), extension('b', refused), extension('c', own))).toEqual(refused);
  });

  test('let clients in that have no key only where one of them answers for grants of its own', () => {
    const issuing = { ...extension('a', own), issue: async () => ({}) };
    expect([takesPlainClients({ extensions: [] }), takesPlainClients({ extensions: [extension('a', kept)] })]).toEqual([
      false,
      false,
    ]);
    expect(serverMetadata(EXAMPLE).token_endpoint_auth_methods_supported).toEqual(['private_key_jwt', 'none']);
    expect(serverMetadata({ ...EXAMPLE, extensions: [issuing] })).toMatchObject({
      token_endpoint_auth_methods_supported: ['private_key_jwt', 'none', 'client_secret_basic', 'client_secret_post'],
      introspection_endpoint_auth_methods_supported: ['private_key_jwt'],
    });
  });
});
