import type { ConsentView } from '@chatelaine/oauth-server-pg';
import type { HostOwner, HostSettings } from '../options.ts';

/** The consent page of a link: which AM asks, as which account, and what it may ask for at most. PROTOCOL §2.2. */
export interface LinkConsentView {
  /** The Host's own name. */
  readonly host: string;
  /** `name` is what the AM calls itself, unverified; `address` is where its document was read, and is what counts. */
  readonly am: { readonly name: string; readonly address: string };
  /** The account signed in, as the app calls it; null when it gave no label. */
  readonly account: string | null;
  /** One checkbox each. */
  readonly scopes: readonly {
    readonly field: string;
    readonly scope: string;
    readonly sentence: string;
    readonly checked: boolean;
  }[];
  /** The optional date field: its value as typed. */
  readonly until: { readonly field: 'until'; readonly value: string };
  /** POST here, with `hidden` and `decision` = `allow` or `deny`. */
  readonly action: string;
  readonly hidden: Readonly<Record<string, string>>;
  /** Where the browser goes after the form: CSP `form-action` must allow it beside 'self'. */
  readonly redirectOrigin: string;
  /** Why the last answer could not be taken, in a sentence. */
  readonly problem: string | null;
}

/** A page with one sentence. */
export interface ProblemView {
  readonly status: number;
  readonly message: string;
}

export const scopeField = (scope: string): string => `allow:${scope}`;

export function linkConsentView(
  settings: HostSettings,
  input: { view: ConsentView; owner: HostOwner | null },
): LinkConsentView {
  const { view, owner } = input;
  const { client, request } = view.interaction;
  const answered = view.form.has('decision');
  return {
    host: settings.name,
    am: { name: client.name, address: new URL(client.id).host },
    account: owner?.label ?? null,
    scopes: (request.transferScope ?? []).map((scope) => ({
      field: scopeField(scope),
      scope,
      sentence: settings.scopes[scope] ?? scope,
      checked: answered ? view.form.has(scopeField(scope)) : true,
    })),
    until: { field: 'until', value: view.form.get('until') ?? '' },
    action: view.action,
    hidden: view.hidden,
    redirectOrigin: view.redirectOrigin,
    problem: view.problem,
  };
}
