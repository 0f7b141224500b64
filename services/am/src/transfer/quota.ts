import type { Deps } from '../deps.ts';

export type QuotaDeps = Pick<Deps, 'config' | 'allowances'>;

/**
 * Counts what is asked for, alone or many in one call, against what a connection and its Requester may ask for in a minute, over all processes. Throws 429 with
 * `Retry-After`. The function returned takes it back. PROTOCOL §5.
 */
export async function takeQuota(
  { config, allowances }: QuotaDeps,
  { connectionId, clientId, items = 1 }: { connectionId: string; clientId: string; items?: number },
): Promise<() => void> {
  const { perConnection, perRequester } = config.limits.transfers;
  const giveBack = await allowances.take(perConnection, connectionId, items);
  try {
    const giveBackToo = await allowances.take(perRequester, clientId, items);
    return () => {
      giveBack();
      giveBackToo();
    };
  } catch (error) {
    giveBack();
    throw error;
  }
}
