import type { InteractionPort } from '@chatelaine/oauth-server-pg';
import type { FastifyRequest } from 'fastify';
import type { HostOptions, HostOwner, HostSettings } from '../options.ts';
import { decideLink } from './decide.ts';
import { sendConsentPage, sendProblemPage } from './pages.ts';
import { linkConsentView } from './view.ts';

/** Ties the kernel's authorization endpoint to the app: its sign-in, its pages or our plain ones. */
export function linkInteraction(options: HostOptions, settings: HostSettings): InteractionPort {
  // the app is asked once per request; the page needs what it said
  const owners = new WeakMap<FastifyRequest, HostOwner>();
  return {
    owner: async (request) => {
      const owner = await options.owner(request);
      if (owner !== null) owners.set(request, owner);
      return owner;
    },
    signInUrl: options.signInUrl,
    decide: async (input) => decideLink(settings.clock, input),
    renderConsent: async (view, request, reply) => {
      const page = linkConsentView(settings, { view, owner: owners.get(request) ?? null });
      return options.renderConsent?.(page, request, reply) ?? sendConsentPage(reply, page);
    },
    renderProblem: async (problem, request, reply) =>
      options.renderProblem?.(problem, request, reply.code(problem.status)) ?? sendProblemPage(reply, problem),
  };
}
