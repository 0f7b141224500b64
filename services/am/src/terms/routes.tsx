import { accountOf, requireAccount } from '@chatelaine/accounts';
import { answersLate } from '@chatelaine/service-kit';
import { formOf, notFound, pages, queryOf, renderPage, wantsPage } from '@chatelaine/ui';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Deps } from '../deps.ts';
import { readRecord, readTermsInUse } from './app-store.ts';
import { choicesWith, readTermsForm } from './choice.ts';
import { DocumentPage } from './document-page.tsx';
import { changeOwnTerms, readOwnTerms, replaceInOwnTerms } from './own-terms-store.ts';
import { profferAnew, readProfferKeys } from './proffer-store.ts';
import { type Outdated, SIGNERS_FIELD, TermsPage } from './terms-page.tsx';

export type TermsDeps = Pick<Deps, 'config' | 'clock' | 'pool' | 'keys' | 'terms' | 'failpoint'>;
type OfApp = { Params: { id: string } };
type OfRecord = { Params: { id: string; jti: string } };

/** A published document never changes. */
const FOR_GOOD = 'public, max-age=31536000, immutable';
const KEYS_CACHED = 'public, max-age=300';

/** Terms: the documents, what the owner offers, and the signed records. PROTOCOL §10. */
export async function termsFeature(app: FastifyInstance, deps: TermsDeps): Promise<void> {
  await pages(app, async (scope) => {
    scope.get<{ Params: { id: string; version: string } }>('/terms/:id/:version', async (request, reply) => {
      const { id, version } = request.params;
      const found = await deps.terms.find(`${id}/${version}`);
      if (found === null) throw notFound();
      reply.header('vary', 'accept');
      if (wantsPage(request)) return renderPage(reply, <DocumentPage terms={found} />);
      return reply.header('cache-control', FOR_GOOD).type('application/json').send(found.octets);
    });
    scope.get('/terms/keys', async (_request, reply) =>
      reply
        .header('cache-control', KEYS_CACHED)
        .type('application/jwk-set+json')
        .send(JSON.stringify({ keys: await readProfferKeys(deps.pool) })),
    );
  });
  await pages(app, async (scope) => {
    scope.addHook('preHandler', requireAccount);
    scope.get('/terms', async (request, reply) => show(deps, request, reply, null));
    scope.post('/terms', async (request, reply) => change(deps, request, reply));
    scope.post('/terms/adopt', async (request, reply) => adopt(deps, request, reply));
    scope.post<OfApp>('/apps/:id/terms', async (request, reply) => proffer(deps, request, reply));
    scope.get<OfRecord>('/apps/:id/terms/:jti/record', async (request, reply) => {
      const { answer } = await recordOf(deps, request);
      return download(reply, { name: `${request.params.jti}.jwt`, type: 'application/jwt', content: answer });
    });
    scope.get<OfRecord>('/apps/:id/terms/:jti/keys', async (request, reply) => {
      const { clientId, signerKeys } = await recordOf(deps, request);
      const keys = {
        [deps.config.issuer]: { keys: await readProfferKeys(deps.pool) },
        [clientId]: { keys: signerKeys },
      };
      const content = `${JSON.stringify(keys, null, 2)}\n`;
      return download(reply, { name: `${request.params.jti}.keys.json`, type: 'application/json', content });
    });
  });
}

async function show(
  deps: TermsDeps,
  request: FastifyRequest,
  reply: FastifyReply,
  problem: string | null,
): Promise<FastifyReply> {
  const ownerId = accountOf(request).id;
  const own = await readOwnTerms(deps, ownerId);
  const view = {
    own,
    choices: await choicesWith(deps.terms, own.names),
    roster: deps.terms.roster,
    outdated: await outdatedOf(deps, { ownerId, names: own.names }),
    saved: queryOf(request).has('saved'),
    problem,
  };
  return renderPage(reply, <TermsPage {...view} />);
}

async function outdatedOf(
  { pool, terms }: TermsDeps,
  { ownerId, names }: { ownerId: string; names: readonly string[] },
): Promise<Outdated[]> {
  const inUse = [...(await readTermsInUse(pool, ownerId)), ...names.map((name) => ({ name, clients: [] }))];
  const clientsOf = Map.groupBy(inUse, ({ name }) => terms.newerThan(name)?.name);
  return terms.roster.flatMap((newest) => {
    const older = clientsOf.get(newest.name);
    return older === undefined ? [] : [{ newest, apps: new Set(older.flatMap(({ clients }) => clients)).size }];
  });
}

async function change(deps: TermsDeps, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const ownerId = accountOf(request).id;
  const form = formOf(request);
  const own = await readOwnTerms(deps, ownerId);
  const read = readTermsForm({ choices: await choicesWith(deps.terms, own.names), own }, form);
  if (read.kind === 'again') return show(deps, request, reply.code(400), read.problem);
  const names = read.chosen.map(({ name }) => name);
  await changeOwnTerms(deps, ownerId, { names, signersOnly: form.get(SIGNERS_FIELD) === 'only' });
  return reply.redirect('/terms?saved=yes', 303);
}

/** Replaces older versions by the newest, for new apps and for every app that is offered an older one. */
async function adopt(deps: TermsDeps, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  answersLate(request);
  const ownerId = accountOf(request).id;
  const newest = deps.terms.roster.find(({ name }) => name === formOf(request).get('name'));
  if (newest === undefined) throw notFound();
  const isOlder = (name: string): boolean => deps.terms.newerThan(name) === newest;
  const own = await readOwnTerms(deps, ownerId);
  const inUse = (await readTermsInUse(deps.pool, ownerId)).map(({ name }) => name);
  const known = new Map((await choicesWith(deps.terms, inUse)).map((one) => [one.name, one]));
  await replaceInOwnTerms(deps, { ownerId, replaced: own.names.filter(isOlder), by: newest.name });
  await profferAnew(deps, {
    ownerId,
    appId: null,
    change({ terms }) {
      if (!terms.some(isOlder)) return null;
      const next = [...new Set(terms.map((name) => (isOlder(name) ? newest : known.get(name))))];
      // an offer made in the meantime, in another tab, stays as it is, and is shown as outdated again
      return next.every((one) => one !== undefined) ? next : null;
    },
  });
  await deps.failpoint('terms.proffered');
  return reply.redirect('/terms?saved=yes', 303);
}

/** Offers one app other terms, or the same ones again after it declined them. */
async function proffer(deps: TermsDeps, request: FastifyRequest<OfApp>, reply: FastifyReply): Promise<FastifyReply> {
  const ownerId = accountOf(request).id;
  const { id } = request.params;
  const own = await readOwnTerms(deps, ownerId);
  const current = (await readTermsInUse(deps.pool, ownerId)).map(({ name }) => name);
  const read = readTermsForm({ choices: await choicesWith(deps.terms, current), own }, formOf(request));
  if (read.kind === 'again') return reply.redirect(`/apps/${encodeURIComponent(id)}`, 303);
  const names = read.chosen.map(({ name }) => name).join(' ');
  await profferAnew(deps, {
    ownerId,
    appId: id,
    // a Requester that has signed these, or has yet to answer, is not asked again
    change: ({ terms, decision }) =>
      terms.join(' ') === names && (decision !== 'declined' || names === '') ? null : read.chosen,
  });
  await deps.failpoint('terms.proffered');
  return reply.redirect(`/apps/${encodeURIComponent(id)}`, 303);
}

async function recordOf(deps: TermsDeps, request: FastifyRequest<OfRecord>) {
  const { id, jti } = request.params;
  const record = await readRecord(deps.pool, { id, jti, ownerId: accountOf(request).id });
  if (record === null) throw notFound();
  return record;
}

function download(
  reply: FastifyReply,
  { name, type, content }: { name: string; type: string; content: string },
): FastifyReply {
  const headers = { 'cache-control': 'no-store', 'content-disposition': `attachment; filename="${name}"` };
  return reply.headers(headers).type(type).send(content);
}
