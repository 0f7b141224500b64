import { applyMigrations, startRepeating } from '@chatelaine/postgres';
import type { ServerEvent } from '@chatelaine/oauth-server';
import { oauthRoutes } from '@chatelaine/oauth-server-fastify';
import {
  accessList,
  createPgStorage,
  createRateLimits,
  migrationsDir,
  ownsGrant,
  withdrawScopes,
} from '@chatelaine/oauth-server-pg';
import { createOutbound, type Outbound } from '@chatelaine/outbound-http';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import fastifyPlugin from 'fastify-plugin';
import { type LinkAccess, toLinkAccess } from './access.ts';
import { linkInteraction } from './consent/interaction.ts';
import type { Access, Allowed } from './require-scope/check-request.ts';
import { type RequireScopeHook, requireScopeHook } from './require-scope/hook.ts';
import { type HostGrantInput, type HostGrantOutcome, issueHostGrant } from './host-grant/host-grant.ts';
import { checkOptions, type HostOptions } from './options.ts';
import { resourceMetadataRoutes } from './resource-metadata.ts';
import { hostServer } from './server.ts';

/** What the plugin adds to the app. */
export interface Chatelaine {
  /**
   * A hook (`onRequest` or `preHandler`) that lets a request through if it carries a token for `scope`, or for each of
   * several; then `request.chatelaine` says who acts. `askFor`: further scopes that a refused client is told to
   * request, where they are of use to it.
   * @throws TypeError if a scope is not one of the Host's
   */
  requireScope(scope: string | readonly string[], options?: { readonly askFor?: readonly string[] }): RequireScopeHook;
  /**
   * The AMs an owner has linked and the Requesters that have had tokens through each, for the app's own "who has
   * access" page: the latest hundred lines.
   */
  access(ownerId: string): Promise<readonly LinkAccess[]>;
  /**
   * The same page by page, from 1, with a hundred lines each. A link with more Requesters than fit continues on the
   * next page.
   */
  accessPage(
    ownerId: string,
    page: number,
  ): Promise<{ readonly links: readonly LinkAccess[]; readonly hasMore: boolean }>;
  /**
   * Ends one of the owner's links: every token under it dies at once. `false` if it is not this owner's, or has already
   * ended.
   */
  endLink(ownerId: string, linkId: string): Promise<boolean>;
  /**
   * Removes scopes from every link of an owner, for good: tokens that carry one of them are dead, and only the owner's
   * consent brings a scope back. For what they no longer share here.
   */
  withdraw(ownerId: string, scopes: readonly string[]): Promise<void>;
  /**
   * Whether the token of a request that passed `requireScope` is still good: for answers that take long to
   * send.
   */
  isStillGood(request: FastifyRequest): Promise<boolean>;
  /**
   * Issues a code for an AM without a redirect, for the `host_grant` of the app's own pushed request, after the
   * signed-in person agreed on a page of the app. This Host then reads the AM's client document: limit how often a
   * person may cause that. PROTOCOL §2.3.
   */
  hostGrant(input: HostGrantInput): Promise<HostGrantOutcome>;
}

declare module 'fastify' {
  interface FastifyInstance {
    readonly chatelaine: Chatelaine;
  }
  interface FastifyRequest {
    /** Who acts, after `chatelaine.requireScope`. Throws if that did not run: the route would be open to anybody. */
    readonly chatelaine: Access;
  }
}

const REAP_EVERY_SECONDS = 60;

/**
 * Makes a Fastify app a Host: authorization server for AMs, transfer grant, check of every request. PROTOCOL §2.2,
 * §3.3, §4.
 */
export const chatelaineHost = fastifyPlugin(host, { name: '@chatelaine/host-kit', fastify: '5.x' });

async function host(app: FastifyInstance, options: HostOptions): Promise<void> {
  const settings = checkOptions(options);
  if (options.migrate ?? true) await applyMigrations(options.pool, [migrationsDir]);
  const storage = createPgStorage(options.pool);
  const deps = hostServer({
    settings,
    storage,
    outbound: options.outbound ?? openOutbound(app, options),
    checks: options.checks ?? null,
    shareable: options.shareable ?? null,
    emit: (event) => logEvent(app, event),
  });
  const stopReaping = startRepeating(() => storage.reap(), {
    everySeconds: REAP_EVERY_SECONDS,
    onError: (err) => app.log.warn({ err }, 'reaping failed'),
  });
  app.addHook('onClose', async () => stopReaping());

  const accessPage: Chatelaine['accessPage'] = async (ownerId, page) => {
    const { grants, hasMore } = await accessList(options.pool, ownerId, { page });
    return { links: grants.map(toLinkAccess), hasMore };
  };
  const allowed = new WeakMap<FastifyRequest, Allowed>();
  app.decorate('chatelaine', {
    requireScope(scope, { askFor = [] } = {}) {
      const scopes = [scope].flat();
      if (scopes.length === 0) throw new TypeError('requireScope needs a scope.');
      const unknown = [...scopes, ...askFor].find((name) => !Object.hasOwn(settings.scopes, name));
      if (unknown !== undefined) throw new TypeError(`"${unknown}" is not one of this Host's scopes.`);
      return requireScopeHook({ settings, storage }, { scopes, askFor }, (request, verdict) => {
        allowed.set(request, verdict);
      });
    },
    access: async (ownerId) => (await accessPage(ownerId, 1)).links,
    accessPage,
    async endLink(ownerId, linkId) {
      // "not yours" and "unknown" have the same answer
      if (!(await ownsGrant(options.pool, { subject: ownerId, id: linkId }))) return false;
      return storage.endGrant({ id: linkId, by: 'owner' });
    },
    withdraw: (ownerId, scopes) => withdrawScopes(options.pool, { subject: ownerId, scopes }),
    async isStillGood(request) {
      const token = allowed.get(request)?.token;
      return token !== undefined && (await storage.findToken(token)) !== null;
    },
    hostGrant: (input) => issueHostGrant(deps, input),
  } satisfies Chatelaine);
  app.decorateRequest('chatelaine', {
    getter(this: FastifyRequest): Access {
      const verdict = allowed.get(this);
      if (verdict === undefined) throw new TypeError('No chatelaine.requireScope ran before this handler.');
      return verdict.access;
    },
  });

  await app.register(resourceMetadataRoutes, { settings });
  await app.register(oauthRoutes, {
    deps,
    interaction: linkInteraction(options, settings),
    rateLimits: createRateLimits(options.pool),
    ...(options.limits === undefined ? {} : { limits: options.limits }),
  });
}

/** An outbound client of our own, closed with the app. */
function openOutbound(app: FastifyInstance, options: HostOptions): Outbound {
  const outbound = createOutbound({
    exceptions: options.outboundExceptions ?? [],
    demo: options.demo ?? false,
    ownNames: [new URL(options.issuer).hostname],
  });
  app.addHook('onClose', async () => outbound.close());
  return outbound;
}

function logEvent(app: FastifyInstance, event: ServerEvent): void {
  app.log.info(event, 'oauth event');
}
