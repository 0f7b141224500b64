import type { OAuthStorage } from '@chatelaine/oauth-server';
import { burnContract } from './burn-contract.ts';
import { clientContract, documentContract } from './client-contract.ts';
import { codeContract, codeRaceContract } from './code-contract.ts';
import { grantCodeContract } from './grant-code-contract.ts';
import type { Bench, StorageHarness, TestRunner } from './harness.ts';
import { mintContract } from './mint-contract.ts';
import { proofContract } from './proof-contract.ts';
import { reapContract } from './reap-contract.ts';
import { furtherCodeContract } from './further-code-contract.ts';
import { consentContract, requestContract } from './request-contract.ts';
import { useRefreshTokenContract } from './use-refresh-token-contract.ts';
import { revocationContract } from './revocation-contract.ts';
import { refreshContract, tokenContract } from './token-contract.ts';
import { transferGrantContract } from './transfer-grant-contract.ts';

/**
 * The guarantees of every implementation of the storage port, as a test suite: `storageContract({ describe, it,
 * beforeAll, afterAll }, 'name', makeHarness)`, with the functions of any test runner. The harness is made once; each
 * test uses new ids.
 */
export function storageContract(runner: TestRunner, name: string, makeHarness: () => Promise<StorageHarness>): void {
  runner.describe(name, () => {
    let made: StorageHarness | null = null;
    const harness = (): StorageHarness => {
      if (made === null) throw new Error('The harness is there only while tests run.');
      return made;
    };
    runner.beforeAll(async () => {
      made = await makeHarness();
    });
    runner.afterAll(() => harness().stop());
    const bench: Bench = {
      get storage(): OAuthStorage {
        return harness().replicas[0];
      },
      get replicas() {
        return harness().replicas;
      },
      age: (seconds) => harness().age(seconds),
    };
    const parts: readonly (readonly [string, (runner: TestRunner, bench: Bench) => void])[] = [
      ['replay guards', burnContract],
      ['clients', clientContract],
      ['documents', documentContract],
      ['authorization requests', requestContract],
      ['further codes', furtherCodeContract],
      ['consent', consentContract],
      ['codes', codeContract],
      ['codes without a request', grantCodeContract],
      ['codes, all at once', codeRaceContract],
      ['tokens', tokenContract],
      ['tokens used for a call', proofContract],
      ['refreshing', refreshContract],
      ['grants of an extension', useRefreshTokenContract],
      ['revocation', revocationContract],
      ['mints', mintContract],
      ['transfer grants', transferGrantContract],
      ['reaping', reapContract],
    ];
    for (const [part, contract] of parts) runner.describe(part, () => contract(runner, bench));
  });
}
