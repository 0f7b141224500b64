import { systemClock } from '@chatelaine/crypto';
import type { ApiOperation, Clock, Issuer, ScopeSet, Schemes } from '@chatelaine/protocol';
import { defaultResource, parseIssuer, parseScope, TRANSFER_SCOPE } from '@chatelaine/protocol';
import type { MachineLimits, ReturnView } from '@chatelaine/oauth-server-fastify';
import type { Outbound, OutboundException } from '@chatelaine/outbound-http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Pool } from 'pg';
import type { LinkConsentView, ProblemView } from './consent/view.ts';
import { type HostManager, type HostResources, listResources, parseOwnResource } from './resources.ts';

/** The person signed in at the app. */
export interface HostOwner {
  /** Stable for life; never shown to anybody else but as `sub` to the AM. */
  readonly id: string;
  /** How the consent page calls the account, so that the person sees which one it is. */
  readonly label?: string;
}

/** A scope with more to it than its sentence. */
export interface ScopeDefinition {
  /** What it lets somebody do, as the consent pages show it. */
  readonly sentence: string;
  /**
   * `required`: given only to Requesters that publish keys in a client document and sign a statement with them, so that
   * not even an AM can name another key than theirs. It keeps out Requesters without keys, and stock OAuth clients.
   * PROTOCOL §3.6.
   */
  readonly requesterStatement?: 'required';
  /**
   * Whether it only reads. Consent pages at an AM offer reading first; what is not said counts as `write`. PROTOCOL
   * §2.2.
   */
  readonly access?: ScopeAccess;
}

/** Whether what a scope opens is only looked at, or may be changed. */
export type ScopeAccess = 'read' | 'write';

/** One transfer about to be minted: everything else about it is already in order. */
export interface TransferAttempt {
  readonly owner: string;
  /** The AM's issuer. */
  readonly am: string;
  /** `name` and `uri` are the AM's word about it. A Requester's identity is the pair of `am` and `id`. */
  readonly requester: { readonly id: string; readonly name: string | null; readonly uri: string | null };
  readonly scope: ScopeSet;
  readonly resource: string;
  /** Whether the token would be usable by whoever holds it. */
  readonly bearer: boolean;
}

/**
 * The Host's own refusal. The AM reads `sentence`; the Requester is told that the Host denies, in the AM's words
 * (PROTOCOL §3.5).
 */
export interface Denied {
  readonly denied: true;
  readonly sentence: string;
}

/**
 * What an app tells the plugin: who it is, what it shares, who is signed in, and the pages that it shows. What is left
 * out has a default that is fit for production.
 */
export interface HostOptions {
  /** The app's origin in canonical form, as browsers and programs reach it. */
  readonly issuer: string;
  /** How people call it. */
  readonly name: string;
  /** A Postgres pool of the app; it stays the app's to close. Tables are named `oauth_*`. */
  readonly pool: Pool;
  /** What an owner can delegate through an AM, with a sentence each, as the consent pages show it. */
  readonly scopes: Readonly<Record<string, string | ScopeDefinition>>;
  /** Who is signed in, by the app's own session. */
  readonly owner: (request: FastifyRequest) => Promise<HostOwner | null> | HostOwner | null;
  /** Where to sign in, coming back to `returnTo`, a path of this origin. */
  readonly signInUrl: (returnTo: string) => string;
  /**
   * The Host's own policy, asked last before each mint: blocked Requesters, rates. A throw is answered 503. PROTOCOL
   * §3.4.
   */
  readonly checks?: (transfer: TransferAttempt) => Promise<Denied | null> | Denied | null;
  /**
   * What an owner has to share right now, of `scopes`; all of it unless given. What is not in it is not on their
   * consent page, is `invalid_scope` on hop 2, and is not in the ceiling that an AM hears at a refresh. A throw is
   * answered 503.
   */
  readonly shareable?: (ownerId: string) => Promise<ScopeSet>;
  /** The protected resource; `<issuer>/api` unless given. On the issuer's origin. */
  readonly resource?: string;
  /**
   * AMs to which clients are sent that know nothing of AMs (PROTOCOL §6): each is named first, this Host second, in the
   * `authorization_servers` of a resource. Nobody else is shut out: an owner may link any AM.
   */
  readonly managers?: readonly HostManager[];
  /** Whether an AM may ask for tokens bound to no key (120 s at most). `false` unless given. */
  readonly bearer?: boolean;
  /** Where the app is a Requester, too: its client id, so that both can be connected in one step. PROTOCOL §2.3. */
  readonly requester?: string;
  /** The outbound client, when the app has one already; otherwise one is made from the two settings below. */
  readonly outbound?: Pick<Outbound, 'fetchJson'>;
  /** The only destinations beside `https` at public addresses. */
  readonly outboundExceptions?: readonly OutboundException[];
  /** Several services on one machine: issuers may be `http`, and `*.localhost` means loopback. */
  readonly demo?: boolean;
  /** Applies the migrations of the `oauth_*` tables (`migrationsDir`) at start. `true` unless given. */
  readonly migrate?: boolean;
  /**
   * The consent page in the app's own looks. Its form posts `view.hidden` as it is: that binds the answer to what was
   * shown.
   */
  readonly renderConsent?: (
    view: LinkConsentView,
    request: FastifyRequest,
    reply: FastifyReply,
  ) => Promise<FastifyReply>;
  /**
   * The page that leads back to the AM, in the app's own looks: one that moves on to `view.to` by itself, without a
   * script, and has a link.
   */
  readonly renderReturn?: (view: ReturnView, request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>;
  /** Shows a problem that the person at the browser has to know of; a plain page by default. */
  readonly renderProblem?: (
    problem: ProblemView,
    request: FastifyRequest,
    reply: FastifyReply,
  ) => Promise<FastifyReply>;
  /** The app's own API, to be described in `/openapi.json` beside the Host's endpoints. */
  readonly operations?: readonly ApiOperation[];
  readonly limits?: Partial<MachineLimits>;
  readonly clock?: Clock;
}

/** The options after checks, with their defaults. */
export interface HostSettings {
  readonly issuer: Issuer;
  readonly name: string;
  /** Every protected resource, the Host's own first. */
  readonly resources: HostResources;
  readonly schemes: Schemes;
  /** A sentence each. */
  readonly scopes: Readonly<Record<string, string>>;
  /** What those only read or change of which it was said. */
  readonly scopeAccess: Readonly<Record<string, ScopeAccess>>;
  /** Those that demand the Requester's own statement. */
  readonly statementScopes: ScopeSet;
  readonly bearer: boolean;
  readonly requester: string | null;
  readonly operations: readonly ApiOperation[];
  readonly clock: Clock;
}

/** @throws TypeError with a sentence for the developer of the app */
export function checkOptions(options: HostOptions): HostSettings {
  const schemes: Schemes = options.demo === true ? ['https', 'http'] : ['https'];
  const issuer = parseIssuer(options.issuer, schemes);
  if (issuer === null)
    throw new TypeError('issuer must be an https origin in canonical form, like https://photos.example.');
  const resource = parseOwnResource(options.resource ?? defaultResource(issuer), { issuer, schemes });
  if (resource === null) {
    throw new TypeError('resource must be a URL on the origin of issuer, without query or fragment.');
  }
  const definitions = Object.entries(options.scopes).map(([scope, given]): [string, ScopeDefinition] => [
    scope,
    typeof given === 'string' ? { sentence: given } : given,
  ]);
  const names = definitions.map(([scope]) => scope);
  // PROTOCOL §2.2: `transfer` is the link's own scope, and stands alone
  const wrong = names.find((name) => parseScope(name)?.length !== 1 || name === TRANSFER_SCOPE);
  if (wrong !== undefined) throw new TypeError(`"${wrong}" cannot be a scope.`);
  if (names.length === 0) throw new TypeError('scopes must name at least one scope.');
  return {
    issuer,
    resources: listResources({ issuer, schemes, resource, managers: options.managers ?? [] }),
    schemes,
    name: options.name,
    scopes: Object.fromEntries(definitions.map(([scope, { sentence }]) => [scope, sentence])),
    scopeAccess: Object.fromEntries(
      definitions.flatMap(([scope, { access }]) => (access === undefined ? [] : [[scope, access]])),
    ),
    statementScopes: definitions.flatMap(([scope, { requesterStatement }]) =>
      requesterStatement === 'required' ? [scope] : [],
    ),
    bearer: options.bearer ?? false,
    requester: options.requester ?? null,
    operations: options.operations ?? [],
    clock: options.clock ?? systemClock,
  };
}
