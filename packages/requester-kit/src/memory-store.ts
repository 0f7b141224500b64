import type { Clock } from '@chatelaine/protocol';
import type {
  AgreementRow,
  ConnectionRef,
  ConnectionRow,
  RegistrationRow,
  RegistrationStore,
  RequesterStore,
  StateRow,
} from './requester-store.ts';

/** A store in memory, for one process that may forget: small apps, command lines, tests. */
export function createMemoryStore({
  clock,
}: {
  readonly clock: Clock;
}): RequesterStore & RegistrationStore & { readonly agreements: ReadonlyMap<string, AgreementRow> } {
  const states = new Map<string, { readonly row: StateRow; readonly expiresAt: number }>();
  const connections = new Map<string, ConnectionRow>();
  const agreements = new Map<string, AgreementRow>();
  const registrations = new Map<string, RegistrationRow>();
  return {
    async putState(row, lifetimeSeconds) {
      for (const [hash, { expiresAt }] of states) if (expiresAt <= clock.now()) states.delete(hash);
      states.set(row.stateHash, { row, expiresAt: clock.now() + lifetimeSeconds });
    },
    async takeState({ stateHash, owner, session }) {
      const found = states.get(stateHash);
      if (found === undefined || found.row.owner !== owner || found.row.session !== session) return null;
      states.delete(stateHash);
      return clock.now() < found.expiresAt ? found.row : null;
    },
    putConnection: async (row) => void connections.set(keyOf(row), row),
    findConnection: async (ref) => connections.get(keyOf(ref)) ?? null,
    listConnections: async (owner) => [...connections.values()].filter((row) => row.owner === owner),
    async updateSecrets(ref, secrets) {
      const row = connections.get(keyOf(ref));
      if (row !== undefined) connections.set(keyOf(ref), { ...row, ...secrets });
    },
    deleteConnection: async (ref) => void connections.delete(keyOf(ref)),
    agreements,
    putAgreement: async (row) => void (agreements.has(row.jti) || agreements.set(row.jti, row)),
    async findAgreement({ jti, ...ref }) {
      const row = agreements.get(jti);
      return row !== undefined && keyOf(row) === keyOf(ref) ? row : null;
    },
    findRegistration: async (am) => registrations.get(am) ?? null,
    putRegistration: async (row) => void registrations.set(row.am, row),
    deleteRegistration: async (am) => void registrations.delete(am),
  };
}

const keyOf = ({ owner, connectionId }: ConnectionRef): string => JSON.stringify([owner, connectionId]);
