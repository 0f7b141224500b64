import { challengeOf, createVerifier } from '@chatelaine/crypto';
import { GRANT, TOKEN_TYPE } from '@chatelaine/protocol';
import type { Usage } from './child.ts';
import { REDIRECT_URI, SCOPE } from './code.ts';
import { type Block, type Measured, runBlock, summarize } from './load.ts';
import { type Prepared, prepare } from './requests.ts';
import type { Target } from './target.ts';

export const WARM = 100;
export const MEASURED = 400;
const ROUNDS = 4;
const COUNTED = 20;

/** The result of one server for one step. */
export interface StepResult extends Measured {
  /** Milliseconds of processor time per request, of all the server's processes. */
  readonly cpu: number;
  /** Per request, by statement: those that every request sends. */
  readonly statements: Readonly<Record<string, number>>;
}

/** Tokens from redemptions, for later steps. */
export interface Tokens {
  readonly access: string[];
  readonly refresh: string[];
}

export interface Side {
  readonly target: Target;
  readonly tokens: Tokens;
}

export interface Step {
  readonly name: string;
  requests(side: Side, count: number): Promise<readonly Prepared[]>;
}

const many = async <T>(count: number, make: (index: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => make(index)));

const pick = (list: readonly string[], index: number): string => list[index % list.length] ?? '';

const par: Step = {
  name: 'pushed authorization request',
  requests: ({ target }, count) =>
    many(count, async () => {
      const form = {
        response_type: 'code',
        redirect_uri: REDIRECT_URI,
        scope: SCOPE,
        state: 'state',
        code_challenge: challengeOf(createVerifier()),
        code_challenge_method: 'S256',
        dpop_jkt: target.party.dpop.kid,
        client_id: target.party.clientId,
      };
      return prepare(target, target.party, { path: '/par', form, proof: 'without proof' });
    }),
};

const redeem: Step = {
  name: 'code redeemed (PKCE, DPoP)',
  async requests({ target }, count) {
    const codes = await target.codes(count);
    return many(count, async (index) => prepareRedemption(target, codes[index]));
  },
};

export function prepareRedemption(
  target: Target,
  code: { code: string; verifier: string } | undefined,
): Promise<Prepared> {
  const form = {
    grant_type: GRANT.authorizationCode,
    code: code?.code ?? '',
    code_verifier: code?.verifier ?? '',
    redirect_uri: REDIRECT_URI,
  };
  return prepare(target, target.party, { path: '/token', form, proof: 'with proof' });
}

const refresh: Step = {
  name: 'refresh (no rotation)',
  requests: ({ target, tokens }, count) => many(count, (index) => prepareRefresh(target, pick(tokens.refresh, index))),
};

export function prepareRefresh(target: Target, refreshToken: string): Promise<Prepared> {
  const form = { grant_type: GRANT.refreshToken, refresh_token: refreshToken };
  return prepare(target, target.party, { path: '/token', form, proof: 'with proof' });
}

const introspection: Step = {
  name: 'introspection',
  requests: ({ target, tokens }, count) =>
    many(count, (index) => prepareIntrospection(target, pick(tokens.access, index))),
};

export function prepareIntrospection(target: Target, token: string): Promise<Prepared> {
  const form = { token, token_type_hint: 'access_token' };
  return prepare(target, target.party, { path: '/introspect', form, proof: 'without proof' });
}

/** oidc-provider's side of the last line; ours is the whole chain. */
export const exchange: Step = {
  name: 'token exchange',
  requests: ({ target, tokens }, count) =>
    many(count, (index) => {
      const form = {
        grant_type: GRANT.tokenExchange,
        subject_token: pick(tokens.access, index),
        subject_token_type: TOKEN_TYPE.accessToken,
        resource: 'https://host.example/api',
        scope: SCOPE,
      };
      return prepare(target, target.party, { path: '/token', form, proof: 'with proof' });
    }),
};

export const STEPS: readonly Step[] = [par, redeem, refresh, introspection];

/**
 * Measures both servers at one step: first a warm-up, then alternating blocks, so that whatever else the machine does
 * affects both.
 */
export async function compare(step: Step, sides: readonly [Side, Side]): Promise<readonly [StepResult, StepResult]> {
  return measureAlternating(
    sides.map((side) => ({
      port: side.target.port,
      usage: side.target.usage,
      requests: (count) => step.requests(side, count),
      keep: (block) => keepTokens(side.tokens, block),
    })),
  ) as Promise<readonly [StepResult, StepResult]>;
}

export interface Subject {
  readonly port: number;
  usage(): Promise<Usage>;
  requests(count: number): Promise<readonly Prepared[]>;
  keep(block: Block): void;
}

export async function measureAlternating(subjects: readonly Subject[]): Promise<readonly StepResult[]> {
  const statements: Readonly<Record<string, number>>[] = [];
  for (const subject of subjects) {
    subject.keep(await runBlock(subject.port, await subject.requests(WARM - COUNTED)));
    statements.push(await countStatements(subject));
  }
  const blocks = subjects.map((): Block[] => []);
  const cpu = subjects.map(() => 0);
  for (let round = 0; round < ROUNDS; round++) {
    const order = [...subjects.keys()];
    for (const index of round % 2 === 0 ? order : order.toReversed()) {
      const subject = subjects[index];
      if (subject === undefined) continue;
      const requests = await subject.requests(MEASURED / ROUNDS);
      const before = await subject.usage();
      const block = await runBlock(subject.port, requests);
      const after = await subject.usage();
      cpu[index] = (cpu[index] ?? 0) + (after.cpuMs - before.cpuMs) / MEASURED;
      subject.keep(block);
      blocks[index]?.push(block);
    }
  }
  return subjects.map((_, index) => ({
    ...summarize(blocks[index] ?? []),
    cpu: cpu[index] ?? 0,
    statements: statements[index] ?? {},
  }));
}

/**
 * Sends requests one after another; a statement that was not sent with every request belongs to something else, such as
 * a sweep or a queue's poll.
 */
async function countStatements(subject: Subject): Promise<Readonly<Record<string, number>>> {
  const requests = await subject.requests(COUNTED);
  const { statements: before } = await subject.usage();
  subject.keep(await runBlock(subject.port, requests, 1));
  const { statements: after } = await subject.usage();
  const perRequest = Object.entries(after)
    .map(([name, count]) => [name, (count - (before[name] ?? 0)) / COUNTED] as const)
    .filter(([, each]) => each >= 1);
  return Object.fromEntries(perRequest.map(([name, each]) => [name, Math.round(each)]));
}

function keepTokens(tokens: Tokens, { answers }: Block): void {
  for (const { json } of answers) {
    const { access_token: access, refresh_token: refreshToken } = json;
    // one of the servers does not rotate refresh tokens, and repeats its token
    if (typeof access !== 'string' || typeof refreshToken !== 'string' || tokens.refresh.length >= MEASURED) continue;
    tokens.access.push(access);
    tokens.refresh.push(refreshToken);
  }
}
