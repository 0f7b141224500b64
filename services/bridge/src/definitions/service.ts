import type { DefinitionFile } from './definition.ts';
import type { RequestRule } from './request-rule.ts';

/** A scope of the bridge for a service. */
export interface ServiceScope {
  /** `<service>:<name>`. */
  readonly scope: string;
  /** The sentence for consent pages, which begins with the service's name. */
  readonly sentence: string;
  /** Scopes of the service without which it does not work. */
  readonly needs: readonly string[];
  /** `read`: all its requests are safe (RFC 9110 §9.2.1). */
  readonly access: 'read' | 'write';
}

/** A service that people can connect, as its definition file describes it. */
export interface Service extends Omit<DefinitionFile, 'scopes'> {
  /** The file's name, which is part of addresses and scopes. */
  readonly id: string;
  readonly scopes: readonly ServiceScope[];
  readonly rules: readonly RequestRule[];
}

/** All scopes of the service that are requested when somebody connects it. */
export const neededScopes = ({ scopes, oauth }: Pick<Service, 'scopes' | 'oauth'>): string[] => [
  ...new Set([...(oauth.version === '2.0' ? oauth.always : []), ...scopes.flatMap(({ needs }) => needs)]),
];
