import type { DefinitionFile } from './definition.ts';
import type { RequestRule } from './request-rule.ts';

/** A scope of ours at a service. */
export interface ServiceScope {
  /** `<service>:<name>`. */
  readonly scope: string;
  /** As consent pages show it, with the service's name. */
  readonly sentence: string;
  /** The service's own scopes without which it does not work. */
  readonly needs: readonly string[];
  /** `read`: all its requests are safe (RFC 9110 §9.2.1). */
  readonly access: 'read' | 'write';
}

/** A service that people can connect, as its definition file says. */
export interface Service extends Omit<DefinitionFile, 'scopes'> {
  /** The file's name: part of addresses and scopes. */
  readonly id: string;
  readonly scopes: readonly ServiceScope[];
  readonly rules: readonly RequestRule[];
}

/** All of the service's own scopes that are asked for when somebody connects it. */
export const neededScopes = ({ scopes, oauth }: Pick<Service, 'scopes' | 'oauth'>): string[] => [
  ...new Set([...(oauth.version === '2.0' ? oauth.always : []), ...scopes.flatMap(({ needs }) => needs)]),
];
