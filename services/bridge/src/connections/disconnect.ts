import { VaultError } from '@chatelaine/crypto';
import type { Service } from '../definitions/index.ts';
import type { Deps } from '../deps.ts';
import { listAccounts, decryptCredential, removeAccount, type ServiceAccount } from '../upstream/index.ts';
import { endUpstream } from './end-upstream.ts';

export type Disconnected =
  | { readonly kind: 'unknown' }
  /** `revoked`: the service has confirmed it; otherwise only the owner can end it, at the service. */
  | { readonly kind: 'disconnected'; readonly revoked: boolean };

/**
 * Ends a connection for good. First it can no longer be used here; then its scopes are removed from the owner's links,
 * and only the owner's consent brings them back; then the tokens are revoked at the service.
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

/**
 * Ends everything that an owner has connected, here and, as far as the services support it, there. Part of deleting the
 * account.
 */
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
    return await endUpstream(deps, service, decryptCredential(deps.vault, account, account.credential));
  } catch (error) {
    if (error instanceof VaultError) return false;
    throw error;
  }
}
