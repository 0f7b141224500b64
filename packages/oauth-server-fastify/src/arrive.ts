import { ENDPOINT, refuseConsent, type StartedAuthorization } from '@chatelaine/oauth-server';
import { formatForm, type FormParams, landingOf } from '@chatelaine/protocol';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AuthorizeRoutesOptions } from './authorize-routes.ts';
import { type Asked, type ConsentOffer, type ConsentView, csrfToken, type Owner } from './interaction.ts';
import { filledBy } from './filled.ts';
import { pressDigest, shownDigest } from './shown.ts';

/** The person can decide: what the page shows, and what there is to decide. */
export interface Arrived {
  readonly view: ConsentView;
  readonly offer: ConsentOffer;
}

interface ArriveInput {
  readonly started: StartedAuthorization;
  readonly browser: string;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  /** What was posted, to be shown again. */
  readonly form?: FormParams;
}

/**
 * What to do with a browser after its request was looked at: show the question; or null, because it was sent elsewhere.
 */
export async function arrivedAt(options: AuthorizeRoutesOptions, input: ArriveInput): Promise<Arrived | null> {
  const { interaction } = options;
  const { started, request, reply } = input;
  switch (started.kind) {
    case 'page':
      await interaction.renderProblem({ status: 400, message: started.message }, request, reply);
      return null;
    case 'redirect':
      await reply.redirect(started.to, 303);
      return null;
    case 'stored':
      await reply.redirect(here(started.clientId, started.requestUri), 303);
      return null;
    case 'again':
      await interaction.renderReturn({ kind: 'answer', ...leadingTo(started.to) }, request, reply);
      return null;
    case 'answered':
      if (started.press === 'other') reply.code(400);
      await interaction.renderReturn({ kind: 'answered', ...leadingBack(started.redirectUri) }, request, reply);
      return null;
    case 'interaction':
      return atQuestion(options, { ...input, started });
    default:
      return started satisfies never;
  }
}

const here = (clientId: string, requestUri: string): string =>
  `${ENDPOINT.authorize}?${formatForm({ client_id: clientId, request_uri: requestUri })}`;

async function atQuestion(
  { interaction, deps }: AuthorizeRoutesOptions,
  input: ArriveInput & { started: Extract<StartedAuthorization, { kind: 'interaction' }> },
): Promise<Arrived | null> {
  const { started, browser, request, reply, form } = input;
  const { client, requestUri, request: asked } = started;
  const owner = await interaction.owner(request);
  if (asked.prompt === 'none') {
    await refuseSilently({ interaction, deps }, { started, browser, owner, request, reply });
    return null;
  }
  if (owner === null) {
    await reply.redirect(interaction.signInUrl(here(client.id, requestUri)), 303);
    return null;
  }
  const who: Asked = { interaction: started, owner };
  const offer = await interaction.offer(who, request);
  const csrf = csrfToken(browser, { requestUri, owner });
  const filled = form ?? filledBy(started.kept, csrf) ?? new Map();
  const hidden = { client_id: client.id, request_uri: requestUri, csrf, shown: shownDigest(who, offer) };
  return {
    offer,
    view: { ...who, action: ENDPOINT.authorize, hidden, problem: null, problemAt: null, form: filled },
  };
}

/** `prompt=none`: no page may be shown, and consent is never given without one. OpenID Connect Core §3.1.2.6. */
async function refuseSilently(
  { interaction, deps }: Pick<AuthorizeRoutesOptions, 'interaction' | 'deps'>,
  input: {
    started: Extract<StartedAuthorization, { kind: 'interaction' }>;
    browser: string;
    owner: Owner | null;
    request: FastifyRequest;
    reply: FastifyReply;
  },
): Promise<void> {
  const { started, browser, owner, request, reply } = input;
  const outcome = await refuseConsent(deps, {
    interaction: started,
    browser,
    press: pressDigest(owner?.id ?? '', new Map()),
    error: owner === null ? 'login_required' : 'consent_required',
    description: 'The owner would have to be asked.',
  });
  // no form led here, so CSP form-action does not apply, and programs follow a redirect
  if (outcome.kind === 'redirect') await reply.redirect(outcome.to, 303);
  else
    await interaction.renderProblem(
      { status: 400, message: 'This request was already answered or has expired. Go back to where you came from.' },
      request,
      reply,
    );
}

const leadingTo = (to: string) => ({ to, place: landingOf(to) });

/**
 * Where the client can be reached other than by its callback, which waits for an answer: its site, or for an app with a
 * scheme of its own, the app.
 */
function leadingBack(redirectUri: string) {
  const { origin } = new URL(redirectUri);
  const [address = redirectUri] = redirectUri.split(/[?#]/, 1);
  return { to: origin === 'null' ? address : `${origin}/`, place: landingOf(redirectUri) };
}
