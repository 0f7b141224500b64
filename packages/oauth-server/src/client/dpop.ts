import { checkDpopProof } from '@chatelaine/crypto';
import { invalidDpopProof } from '@chatelaine/protocol';
import type { ServerDeps } from '../deps.ts';
import type { Guards } from '../token/guards.ts';

/** Checks the DPoP proof of a request to one of our endpoints; null if there is none. RFC 9449 §4.3. */
export async function checkProof(
  deps: Pick<ServerDeps, 'config' | 'clock'>,
  input: { headers: readonly string[]; path: string; accessToken?: string },
  guards: Guards,
): Promise<string | null> {
  const { headers, path, accessToken } = input;
  const proof = await checkDpopProof({
    headers,
    htm: 'POST',
    htu: `${deps.config.issuer}${path}`,
    clock: deps.clock,
    ...(accessToken === undefined ? {} : { accessToken }),
  });
  if (proof.kind === 'absent') return null;
  if (proof.kind === 'invalid') throw invalidDpopProof('The DPoP proof is not valid.', { cause: proof.reason });
  guards.add({ kind: 'dpop', key: proof.jkt, jti: proof.jti, expiresAt: proof.expiresAt });
  return proof.jkt;
}
