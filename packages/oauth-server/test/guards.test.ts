import { describe, expect, test } from '@jest/globals';
import { invalidGrant, OAuthError, temporarilyUnavailable } from '@chatelaine/protocol';
import {
  type BurnOutcome,
  type Guards,
  type OAuthStorage,
  refuseReplay,
  type ReplayGuard,
  withGuards,
} from '../src/index.ts';

const guard = (kind: ReplayGuard['kind'], jti = 'j'): ReplayGuard => ({ kind, key: 'k', jti, expiresAt: 0 });

/** A storage port that remembers what was burned: the whole of what `withGuards` asks of one. */
function storage(): { deps: { storage: OAuthStorage }; burned: string[] } {
  const burned: string[] = [];
  const burn = async (guards: readonly ReplayGuard[]): Promise<BurnOutcome> => {
    const used = guards.find(({ jti }) => burned.includes(jti));
    burned.push(...guards.map(({ jti }) => jti));
    return used === undefined ? { kind: 'burned' } : { kind: 'replayed', guard: used.kind };
  };
  return { deps: { storage: { burn } as unknown as OAuthStorage }, burned };
}

const outcome = async (serving: Promise<unknown>): Promise<unknown> =>
  serving.catch((error: unknown) => (error instanceof OAuthError ? error.code : error));

describe('a request’s replay guards', () => {
  test('are burned when nothing else burned them: after an answer and after a refusal', async () => {
    for (const end of [
      () => 'answer',
      () => {
        throw invalidGrant('No.');
      },
    ]) {
      const { deps, burned } = storage();
      await outcome(
        withGuards(deps, async (guards) => {
          guards.add(guard('dpop', 'a'));
          guards.add(guard('assertion', 'b'));
          return end();
        }),
      );
      expect(burned).toEqual(['a', 'b']);
    }
  });

  test('are not burned twice: who takes them burns them', async () => {
    const { deps, burned } = storage();
    await withGuards(deps, async (guards) => {
      guards.add(guard('dpop'));
      expect(guards.take()).toHaveLength(1);
      expect(guards.take()).toEqual([]);
    });
    expect(burned).toEqual([]);
  });

  test('turn an answer, and a refusal, into one for the replay', async () => {
    const { deps } = storage();
    const serve = (end: () => string) =>
      outcome(
        withGuards(deps, async (guards: Guards) => {
          guards.add(guard('dpop'));
          return end();
        }),
      );
    expect(await serve(() => 'answer')).toBe('answer');
    expect(await serve(() => 'answer')).toBe('invalid_dpop_proof');
    expect(
      await serve(() => {
        throw invalidGrant('No.');
      }),
    ).toBe('invalid_dpop_proof');
  });

  test('stay open when the server could not serve: the client may send the same again', async () => {
    const { deps, burned } = storage();
    for (const failure of [temporarilyUnavailable('Not now.'), new TypeError('a mistake of ours')]) {
      const serving = withGuards(deps, async (guards) => {
        guards.add(guard('assertion'));
        throw failure;
      });
      await expect(serving).rejects.toBe(failure);
    }
    expect(burned).toEqual([]);
  });

  test.each([
    ['dpop', 'invalid_dpop_proof', 400],
    ['assertion', 'invalid_client', 401],
    ['statement', 'invalid_request', 400],
  ] as const)('of kind %s are refused as %s', (kind, code, status) => {
    expect(() => refuseReplay({ kind: 'replayed', guard: kind })).toThrow(expect.objectContaining({ code, status }));
  });
});
