import { VaultError } from '@chatelaine/crypto';
import type { Service } from '../definitions/index.ts';
import type { Deps } from '../deps.ts';
import { listAccounts, openCredential, removeAccount, type ServiceAccount } from '../upstream/index.ts';
import { endUpstream } from './end-upstream.ts';

export type Disconnected =
  | { readonly kind: 'unknown' }
  /** `revoked`: at the service as well; otherwise only its owner can do that, there. */
  | { readonly kind: 'disconnected'; readonly revoked: boolean };

/**
 * Ends a connection for good. First nothing can be had by it any more, here; then its scopes leave the owner's links,
 * so that only their consent brings them back; then the service is told.
 */
export async function disconnect(
  deps: Pick<Deps, 'config' | 'outbound' | 'pool' | 'vault' | 'log'>,
  input: { service: Service; owner: string; withdraw: (owner: string, scopes: readonly string[]) => Promise<void> },
): Promise<Disconnected> {
  const { service, owner, withdraw } = input;
  const removed = await removeAccount(deps, { owner, service: service.id });
  await withdraw(
    owner,
    service.scopes.map(({ scope }) => scope),
  );
  if (removed === null) return { kind: 'unknown' };
  deps.log.info(
    { event: 'service_disconnected', account: removed.id, service: service.id },
    'a service was disconnected',
  );
  return { kind: 'disconnected', revoked: await revoked(deps, service, removed) };
}

/** Ends all that an owner has connected, here and, as far as the services let us, there: they delete their account. */
export async function disconnectAll(
  deps: Pick<Deps, 'config' | 'outbound' | 'pool' | 'vault' | 'services'>,
  owner: string,
): Promise<void> {
  for (const { service: id } of await listAccounts(deps, owner)) {
    const removed = await removeAccount(deps, { owner, service: id });
    const service = deps.services.find((one) => one.id === id);
    if (removed !== null && service !== undefined) await revoked(deps, service, removed);
  }
}

async function revoked(
  deps: Pick<Deps, 'config' | 'outbound' | 'vault'>,
  service: Service,
  account: ServiceAccount,
): Promise<boolean> {
  try {
    return await endUpstream(deps, service, openCredential(deps.vault, account, account.credential));
  } catch (error) {
    if (error instanceof VaultError) return false;
    throw error;
  }
}
