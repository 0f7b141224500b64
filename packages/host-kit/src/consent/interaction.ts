import type { InteractionPort } from '@chatelaine/oauth-server-fastify';
import type { FastifyRequest } from 'fastify';
import type { HostOptions, HostOwner, HostSettings } from '../options.ts';
import { shareableNow } from '../shareable.ts';
import { decideLink } from './decide.ts';
import { sendConsentPage, sendProblemPage, sendReturnPage } from './pages.ts';
import { linkConsentView, linkFacts } from './view.ts';

/** Connects the kernel's authorization endpoint to the app: its sign-in, its pages or our plain ones. */
export function linkInteraction(options: HostOptions, settings: HostSettings): InteractionPort {
  // the app is asked once per request, and the page needs its answer
  const owners = new WeakMap<FastifyRequest, HostOwner>();
  return {
    owner: async (request) => {
      const owner = await options.owner(request);
      if (owner !== null) owners.set(request, owner);
      return owner;
    },
    signInUrl: options.signInUrl,
    offer: async (asked, request) => {
      const shareable = options.shareable === undefined ? null : await shareableNow(options.shareable, asked.owner.id);
      const facts = linkFacts(settings, { asked, owner: owners.get(request) ?? null, shareable });
      const offered = facts.scopes.map(({ scope }) => scope);
      return {
        facts,
        decide: (form) => decideLink(settings.clock, { asked, offered, form }),
        render: async (view, again, reply) => {
          const page = linkConsentView(facts, view);
          return options.renderConsent?.(page, again, reply) ?? sendConsentPage(reply, page);
        },
      };
    },
    renderReturn: async (view, request, reply) =>
      options.renderReturn?.(view, request, reply) ?? sendReturnPage(reply, view),
    renderProblem: async (problem, request, reply) =>
      options.renderProblem?.(problem, request, reply.code(problem.status)) ?? sendProblemPage(reply, problem),
  };
}
