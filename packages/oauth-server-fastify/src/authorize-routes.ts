import {
  type AuthorizationRequest,
  ENDPOINT,
  grantConsent,
  keepForm,
  refuseConsent,
  startAuthorization,
} from '@chatelaine/oauth-server';
import { coversScope, type FormParams, isCrossSite, landingOf, OAuthError } from '@chatelaine/protocol';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { arrivedAt } from './arrive.ts';
import { formOf, queryOf, refuseOtherMethods, sendError, strictScope } from './http.ts';
import { browserSecret, type ConsentDecision, csrfToken, type InteractionPort, isCsrfToken } from './interaction.ts';
import { keepOpener } from './opener.ts';
import { requestDeps, type RequestDepsOptions } from './request-deps.ts';
import { toKeep } from './filled.ts';
import { pressDigest } from './shown.ts';
import { createTurns } from './turns.ts';

export interface AuthorizeRoutesOptions extends RequestDepsOptions {
  readonly interaction: InteractionPort;
}

/** The authorization endpoint: the browser arrives, the owner signs in, sees who asks, decides, and is sent back. */
export async function authorizeRoutes(app: FastifyInstance, options: AuthorizeRoutesOptions): Promise<void> {
  const { interaction } = options;
  await strictScope(app);
  keepOpener(app);
  // people come here, so what programs would get as JSON is a page
  app.setErrorHandler<FastifyError>(async (error, request, reply) => {
    if (!(error instanceof OAuthError) || error.status === 500) return sendError(error, request, reply);
    if (error.retryAfter !== undefined) reply.header('retry-after', String(error.retryAfter));
    return interaction.renderProblem({ status: error.status, message: error.message }, request, reply);
  });
  // RFC 9110 §9.2.1: HEAD (as link checkers send it) opens no request and ties none to the browser
  app.head(ENDPOINT.authorize, async (_request, reply) => reply.type('text/html; charset=utf-8').send());
  app.get(ENDPOINT.authorize, async (request, reply) => arrive(options, request, reply));
  // the second press of a double click finds that the first was answered, and gets the same answer
  const inTurn = createTurns();
  app.post(ENDPOINT.authorize, async (request, reply) => {
    const form = formOf(request);
    const press = `${form.get('request_uri') ?? ''} ${pressDigest('', form).toString('base64url')}`;
    return inTurn(press, () => decide(options, request, reply));
  });
  refuseOtherMethods(app, ENDPOINT.authorize, ['GET', 'POST']);
}

async function arrive(
  options: AuthorizeRoutesOptions,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const deps = requestDeps(options, request);
  const browser = browserSecret(deps.config.issuer, request, reply);
  const started = await startAuthorization(deps, { query: queryOf(request), browser, press: null });
  const arrived = await arrivedAt(options, { started, browser, request, reply });
  return arrived === null ? reply : arrived.offer.render(arrived.view, request, reply);
}

async function decide(
  options: AuthorizeRoutesOptions,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { interaction } = options;
  const deps = requestDeps(options, request);
  const form = formOf(request);
  const browser = browserSecret(deps.config.issuer, request, reply);
  const requestUri = form.get('request_uri');
  const owner = await interaction.owner(request);
  // a person whose session has ended meanwhile signs in again and finds the page as they had filled it in
  const isOwn =
    requestUri !== undefined &&
    !isCrossSite(request.headers, deps.config.issuer) &&
    (owner === null || isCsrfToken(form.get('csrf'), csrfToken(browser, { requestUri, owner })));
  if (!isOwn) {
    return interaction.renderProblem(
      { status: 403, message: 'This form was not sent from our own page. Go back and try again.' },
      request,
      reply,
    );
  }
  const press = owner === null ? null : pressDigest(owner.id, form);
  const query = { kind: 'form', params: pick(form, ['client_id', 'request_uri']) } as const;
  const started = await startAuthorization(deps, { query, browser, press });
  const keep = async (): Promise<void> => {
    if (started.kind === 'interaction') await keepForm(deps, { interaction: started, browser, form: toKeep(form) });
  };
  if (owner === null) await keep();
  const arrived = await arrivedAt(options, { started, browser, request, reply, form });
  if (arrived === null) return reply;
  const { view, offer } = arrived;
  // unless another press was faster, of this button or another: then the change it made is no problem to show
  const again = async (problem: string, at?: string): Promise<FastifyReply> => {
    const now = await startAuthorization(deps, { query, browser, press });
    const stands = await arrivedAt(options, { started: now, browser, request, reply, form });
    if (stands === null) return reply;
    return stands.offer.render({ ...stands.view, problem, problemAt: at ?? null }, request, reply.code(400));
  };
  // the owner agrees to what was shown: PROTOCOL §2.1
  if (form.get('decision') !== 'deny' && form.get('shown') !== view.hidden.shown) return again(CHANGED);
  const decision = within(view.interaction.request, await offer.decide(form));
  if (decision.kind === 'choosing') return offer.render(view, request, reply);
  if (decision.kind === 'leave') {
    await keep();
    return reply.redirect(decision.to, 303);
  }
  if (decision.kind === 'again') return again(decision.problem, decision.at);
  const key = { interaction: view.interaction, browser, press: press ?? pressDigest(view.owner.id, form) };
  const outcome =
    decision.kind === 'deny'
      ? await refuseConsent(deps, { ...key, error: 'access_denied', description: 'The owner said no.' })
      : await grantConsent(deps, { ...key, consent: { ...decision, subject: view.owner.id } });
  if (outcome.kind === 'redirect') {
    const place = landingOf(view.interaction.request.redirectUri);
    return interaction.renderReturn({ kind: 'answer', to: outcome.to, place }, request, reply);
  }
  // it was answered meanwhile, or the grant it was to be added to has ended
  return again(CHANGED);
}

const CHANGED =
  'Something on this page has changed since it was shown to you, so nothing was agreed to. ' +
  'This is how it is now: look at it again, then answer.';

/** Nothing is granted beyond what was asked for, whatever the form says. */
function within(asked: AuthorizationRequest, decision: ConsentDecision): ConsentDecision {
  if (decision.kind !== 'allow') return decision;
  // RFC 6749 §3.3: a request that an extension took over may leave the scope to the server, that is, to the owner
  const isOpen = asked.answeredBy !== null && asked.scope.length === 0;
  const isWithin =
    (isOpen || coversScope(asked.scope, decision.scope)) &&
    coversScope(asked.transferScope ?? [], decision.transferScope ?? []);
  return isWithin ? decision : { kind: 'again', problem: 'That is more than was asked for.' };
}

function pick(form: FormParams, names: readonly string[]): FormParams {
  return new Map(names.flatMap((name) => (form.has(name) ? [[name, form.get(name) ?? ''] as const] : [])));
}
