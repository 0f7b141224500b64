import { isCrossSite } from '@chatelaine/protocol';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { CSRF_CHECKED } from '../signed-in/current-account.ts';
import { sendErrorPage } from '../errors/send-error.tsx';
import { countNeeds } from '../pages/needs-you.ts';
import { acceptForms } from './accept-forms.ts';
import { formNotOurs } from './form-not-ours.ts';
import { formOf } from './form-of.ts';
import { readUpload } from './uploads.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Whether people visit the route; by default they do. A busy server reserves capacity for those routes. */
    forPeople?: boolean;
  }
}

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Registers routes that people visit. In them, bodies are forms (anything else is a 415), errors are pages, and every
 * state-changing request must come from our own site and carry its CSRF token; no route can forget to check. Needs
 * `sessions` to be registered before.
 */
export async function pages(app: FastifyInstance, routes: (scope: FastifyInstance) => Promise<void>): Promise<void> {
  await app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    await acceptForms(scope);
    scope.setErrorHandler(sendErrorPage);
    scope.addHook('onRoute', (route) => {
      route.config = { ...route.config, forPeople: true };
    });
    scope.addHook('onRequest', refuseOtherSites);
    scope.addHook('preValidation', requireForm);
    scope.addHook('preValidation', (request, reply, done) => {
      if (SAFE.has(request.method)) done();
      else scope.csrfProtection(request, reply, done);
    });
    scope.addHook('preValidation', markChecked);
    scope.addHook('preHandler', countNeeds);
    await routes(scope);
  });
}

async function refuseOtherSites(request: FastifyRequest): Promise<void> {
  if (SAFE.has(request.method)) return;
  if (isCrossSite(request.headers, request.server.getDecorator<string>('issuer')))
    throw formNotOurs('sent by another site');
}

/** Runs before the token is read, so that a malformed form is a 400 and any other body a 415. */
async function requireForm(request: FastifyRequest): Promise<void> {
  if (SAFE.has(request.method)) return;
  await readUpload(request);
  formOf(request);
}

/** From here on `currentAccount` may be called in state-changing requests, too. */
async function markChecked(request: FastifyRequest): Promise<void> {
  request.setDecorator(CSRF_CHECKED, true);
}
