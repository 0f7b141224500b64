import { lineOf } from './request-rule.ts';
import type { Service } from './service.ts';

/** What a definition does, in lines for its author. */
export function describeService(service: Service): string[] {
  const { id, title, origin, oauth, scopes, rules, revocation, account, sources, unconfirmed } = service;
  const days = sources.map(({ read }) => read).toSorted((one, other) => one.localeCompare(other));
  return [
    `${title} (${id}): OAuth ${oauth.version}; requests and credentials go to ${origin} and nowhere else.`,
    `Its account is known by ${account.id} of ${account.request ?? 'the token answer'}.`,
    oauth.version === '2.0'
      ? `Refresh tokens: ${oauth.refresh}. PKCE: ${oauth.pkce ? 'yes' : 'no'}.`
      : `Signed with ${oauth.signature_method}.`,
    revocation.endpoint === undefined
      ? `Disconnecting ends it here; at ${title} its owner does, at ${revocation.page}.`
      : `Disconnecting ends it at ${title}, too.`,
    `Its facts were read between ${days[0]} ` +
      `and ${days.at(-1)}${unconfirmed.length === 0 ? '' : `, but for: ${unconfirmed.join(', ')}`}.`,
    ...scopes.flatMap(({ scope, sentence, needs }) => [
      `${scope}: ${sentence}${needs.length === 0 ? '' : ` (needs ${needs.join(' ')})`}`,
      ...rules
        .filter((rule) => rule.scope === scope)
        .map((rule) => `  ${lineOf(rule)}${queryOf(rule.query)}${rule.body === null ? '' : ` with ${rule.body}`}`),
    ]),
  ];
}

const queryOf = (query: ReadonlySet<string>): string => (query.size === 0 ? '' : ` ?${[...query].join(' &')}`);
