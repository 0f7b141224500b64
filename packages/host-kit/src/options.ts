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
  /** Stable for life. Shown to nobody else, except to the AM as `sub`. */
  readonly id: string;
  /** The account's label on the consent page, so that the person sees which account it is. */
  readonly label?: string;
}

/** A scope with more settings than its sentence. */
export interface ScopeDefinition {
  /** What it allows, as the consent pages show it. */
  readonly sentence: string;
  /**
   * `required`: only for Requesters that publish keys in a client document and sign a statement with them, so that not
   * even an AM can name another key than theirs. It excludes Requesters without keys, and stock OAuth clients. PROTOCOL
   * §3.6.
   */
  readonly requesterStatement?: 'required';
  /** Whether the scope only reads. Consent pages at an AM offer reading first. By default `write`. PROTOCOL §2.2. */
  readonly access?: ScopeAccess;
}

/** Whether a scope only reads, or may change something. */
export type ScopeAccess = 'read' | 'write';

/** One transfer about to be minted; everything else about it has been checked. */
export interface TransferAttempt {
  readonly owner: string;
  /** The AM's issuer. */
  readonly am: string;
  /** `name` and `uri` are the AM's word. A Requester is identified by `am` together with `id`. */
  readonly requester: { readonly id: string; readonly name: string | null; readonly uri: string | null };
  readonly scope: ScopeSet;
  readonly resource: string;
  /** Whether the token would be a bearer token, usable by anybody who holds it. */
  readonly bearer: boolean;
}

/**
 * The Host's own refusal. The AM reads `sentence`; the Requester is told in the AM's words that the Host denies
 * (PROTOCOL §3.5).
 */
export interface Denied {
  readonly denied: true;
  readonly sentence: string;
}

/**
 * What an app tells the plugin: who it is, what it shares, who is signed in, and its own pages. Every optional setting
 * has a default that is fit for production.
 */
export interface HostOptions {
  /** The app's origin in canonical form, as browsers and programs reach it. */
  readonly issuer: string;
  /** The name people know it by. */
  readonly name: string;
  /** A Postgres pool of the app, which remains the app's to close. The tables are named `oauth_*`. */
  readonly pool: Pool;
  /** What an owner can delegate through an AM: scopes, each with a sentence for the consent pages. */
  readonly scopes: Readonly<Record<string, string | ScopeDefinition>>;
  /** Who is signed in, by the app's own session. */
  readonly owner: (request: FastifyRequest) => Promise<HostOwner | null> | HostOwner | null;
  /** The URL to sign in at; the person then returns to `returnTo`, a path of this origin. */
  readonly signInUrl: (returnTo: string) => string;
  /**
   * The Host's own policy (blocked Requesters, rates), asked last before each mint. If it throws, the answer is 503.
   * PROTOCOL §3.4.
   */
  readonly checks?: (transfer: TransferAttempt) => Promise<Denied | null> | Denied | null;
  /**
   * The part of `scopes` that an owner has something to share for right now; by default all of it. Any other scope is
   * not on their consent page, is `invalid_scope` on hop 2, and is missing from the ceiling that an AM gets at a
   * refresh. If it throws, the answer is 503.
   */
  readonly shareable?: (ownerId: string) => Promise<ScopeSet>;
  /** The protected resource, on the issuer's origin; by default `<issuer>/api`. */
  readonly resource?: string;
  /**
   * AMs for clients that know nothing of AMs (PROTOCOL §6): in the `authorization_servers` of a resource each is named
   * first, and this Host second. Other AMs are not excluded: an owner may link any AM.
   */
  readonly managers?: readonly HostManager[];
  /** Whether an AM may ask for tokens bound to no key (120 s at most). By default `false`. */
  readonly bearer?: boolean;
  /** If the app is also a Requester: its client id, so that both can be connected in one step. PROTOCOL §2.3. */
  readonly requester?: string;
  /** The app's outbound client, if it has one; otherwise one is made from the two settings below. */
  readonly outbound?: Pick<Outbound, 'fetchJson'>;
  /** The only destinations allowed besides `https` at public addresses. */
  readonly outboundExceptions?: readonly OutboundException[];
  /** For several services on one machine: issuers may be `http`, and `*.localhost` means loopback. */
  readonly demo?: boolean;
  /** Whether to apply the migrations of the `oauth_*` tables (`migrationsDir`) at start. By default `true`. */
  readonly migrate?: boolean;
  /**
   * The consent page in the app's own design. Its form posts `view.hidden` unchanged: that binds the answer to what was
   * shown.
   */
  readonly renderConsent?: (
    view: LinkConsentView,
    request: FastifyRequest,
    reply: FastifyReply,
  ) => Promise<FastifyReply>;
  /**
   * The page that leads back to the AM, in the app's own design: it moves on to `view.to` by itself, without a script,
   * and has a link.
   */
  readonly renderReturn?: (view: ReturnView, request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>;
  /** Shows the person at the browser a problem; by default on a plain page. */
  readonly renderProblem?: (
    problem: ProblemView,
    request: FastifyRequest,
    reply: FastifyReply,
  ) => Promise<FastifyReply>;
  /** The app's own API, described in `/openapi.json` besides the Host's endpoints. */
  readonly operations?: readonly ApiOperation[];
  readonly limits?: Partial<MachineLimits>;
  readonly clock?: Clock;
}

/** The checked options, with their defaults. */
export interface HostSettings {
  readonly issuer: Issuer;
  readonly name: string;
  /** Every protected resource, the Host's own first. */
  readonly resources: HostResources;
  readonly schemes: Schemes;
  /** A sentence each. */
  readonly scopes: Readonly<Record<string, string>>;
  /** Whether each scope reads or writes, for those that say so. */
  readonly scopeAccess: Readonly<Record<string, ScopeAccess>>;
  /** The scopes that demand the Requester's own statement. */
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
  // PROTOCOL §2.2: `transfer` is the link's own scope, and never combined with another
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
