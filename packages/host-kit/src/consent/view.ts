import type { Asked, ConsentView } from '@chatelaine/oauth-server-fastify';
import type { ScopeSet } from '@chatelaine/protocol';
import type { HostOwner, HostSettings } from '../options.ts';

/** The consent page of a link: which AM asks, as which account, and what it may ask for at most. PROTOCOL §2.2. */
export interface LinkConsentView {
  /** The Host's own name. */
  readonly host: string;
  /**
   * `name` is what the AM calls itself, unverified; `address` is the origin its document was read from, and is what
   * counts.
   */
  readonly am: { readonly name: string; readonly address: string };
  /** The signed-in account, by the app's label; null if it gave none. */
  readonly account: string | null;
  /** One checkbox for each scope; none if the owner has nothing to share yet. */
  readonly scopes: readonly {
    readonly field: string;
    readonly scope: string;
    readonly sentence: string;
    readonly checked: boolean;
  }[];
  /** The optional date field, and its value as typed. */
  readonly until: { readonly field: 'until'; readonly value: string };
  /** The form is posted here, with `hidden` and `decision` = `allow` or `deny`. */
  readonly action: string;
  readonly hidden: Readonly<Record<string, string>>;
  /** Why the last answer could not be accepted, in a sentence. */
  readonly problem: string | null;
}

/** A page with one sentence. */
export interface ProblemView {
  readonly status: number;
  readonly message: string;
}

export const scopeField = (scope: string): string => `allow:${scope}`;

/** What the page shows besides the form: read once, shown, and compared with the answer. */
export type LinkFacts = Pick<LinkConsentView, 'host' | 'am' | 'account'> & {
  readonly scopes: readonly { readonly scope: string; readonly sentence: string }[];
};

export function linkFacts(
  settings: Pick<HostSettings, 'name' | 'scopes'>,
  { asked, owner, shareable }: { asked: Asked; owner: HostOwner | null; shareable: ScopeSet | null },
): LinkFacts {
  const { client, request } = asked.interaction;
  const wanted = request.transferScope ?? [];
  const offered = shareable === null ? wanted : wanted.filter((scope) => shareable.includes(scope));
  return {
    host: settings.name,
    am: { name: client.name, address: new URL(client.id).host },
    account: owner?.label ?? null,
    scopes: offered.map((scope) => ({ scope, sentence: settings.scopes[scope] ?? scope })),
  };
}

export function linkConsentView(facts: LinkFacts, view: ConsentView): LinkConsentView {
  const answered = view.form.has('decision');
  return {
    ...facts,
    scopes: facts.scopes.map(({ scope, sentence }) => ({
      field: scopeField(scope),
      scope,
      sentence,
      checked: answered ? view.form.has(scopeField(scope)) : true,
    })),
    until: { field: 'until', value: view.form.get('until') ?? '' },
    action: view.action,
    hidden: view.hidden,
    problem: view.problem,
  };
}
