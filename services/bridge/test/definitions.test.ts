import fs from 'node:fs';
import path from 'node:path';
import { definitionOf } from '@chatelaine/stand-in-services';
import { describe, expect, test } from '@jest/globals';
import { factsOf } from '../src/definitions/definition.ts';
import { describeService } from '../src/definitions/describe.ts';
import { SHIPPED_DEFINITIONS } from '../src/definitions/load-definitions.ts';
import { readDefinition } from '../src/definitions/read-definition.ts';
import type { Service } from '../src/definitions/service.ts';

const shipped = fs.readdirSync(SHIPPED_DEFINITIONS).filter((name) => name.endsWith('.yaml'));
const read = (name: string): Service => {
  const outcome = readDefinition(name, fs.readFileSync(path.join(SHIPPED_DEFINITIONS, name), 'utf8'));
  if (outcome.kind === 'wrong') throw new Error(outcome.problems.join('\n'));
  return outcome.service;
};

test('eight services at least come with the bridge, two of them by OAuth 1.0a', () => {
  expect(shipped.length).toBeGreaterThanOrEqual(8);
  expect(shipped.filter((name) => read(name).oauth.version === '1.0a').length).toBeGreaterThanOrEqual(2);
});

describe.each(shipped)('%s', (name) => {
  test('is well formed, and its examples pass and are refused as it says', () => {
    const service = read(name);
    expect(describeService(service)[0]).toContain(`go to ${service.origin} and nowhere else`);
  });

  test('has a public page as the source of each of its facts', () => {
    const { sources, unconfirmed } = read(name);
    expect(unconfirmed).toEqual([]);
    expect(new Set(sources.flatMap(({ about }) => about))).toEqual(new Set(factsOf(read(name))));
  });

  test('speaks https and nothing else, covers no GraphQL and no batch, and says where its client id comes from', () => {
    const service = read(name);
    expect(fs.readFileSync(path.join(SHIPPED_DEFINITIONS, name), 'utf8')).not.toMatch(/http:\/\//);
    for (const rule of service.rules)
      expect(rule.segments.some((one) => one.kind === 'literal' && /graphql|batch/i.test(one.text))).toBe(false);
    expect(service.guide).toContain(`<bridge>/services/${service.id}/callback`);
  });
});

test('a scope whose requests are all safe only reads, and every other writes', () => {
  for (const { scopes, rules } of shipped.map(read))
    for (const { scope, access } of scopes) {
      const methods = rules.filter((rule) => rule.scope === scope).map(({ method }) => method);
      expect([scope, access]).toEqual([scope, methods.every((method) => method === 'GET') ? 'read' : 'write']);
    }
  expect(new Set(shipped.flatMap((name) => read(name).scopes.map(({ access }) => access)))).toEqual(
    new Set(['read', 'write']),
  );
});

describe('a wrong definition is refused by file and line', () => {
  const good = definitionOf({ version: '2.0', title: 'Chirp', origin: 'https://chirp.example' });
  const problemsOf = (text: string, name = 'chirp.yaml'): readonly string[] => {
    const outcome = readDefinition(name, text);
    return outcome.kind === 'wrong' ? outcome.problems : [];
  };

  test('unless there is nothing wrong with it', () => {
    expect(problemsOf(good)).toEqual([]);
  });

  test('PLAINTEXT without TLS; over TLS there is nothing wrong with it', () => {
    const signedBy = (origin: string): string =>
      definitionOf({ version: '1.0a', title: 'Chirp', origin }).replace('HMAC-SHA1', 'PLAINTEXT');
    expect(problemsOf(signedBy('https://chirp.example'))).toEqual([]);
    const inClear = [expect.stringMatching(/^chirp\.yaml:\d+: PLAINTEXT sends both secrets/)];
    expect(problemsOf(signedBy('http://chirp.example'))).toEqual(inClear);
    const one = signedBy('https://chirp.example').replace(
      'https://chirp.example/oauth/access',
      'http://chirp.example/x',
    );
    expect(problemsOf(one)).toEqual(inClear);
  });

  test.each([
    [
      'a member that nobody knows',
      good.replace('title: Chirp', 'title: Chirp\ncolour: red'),
      /^chirp\.yaml:1: Unrecognized key: "colour"/,
    ],
    [
      'an origin with a path',
      good.replace('origin: https://chirp.example\n', 'origin: https://chirp.example/v1\n'),
      /^chirp\.yaml:2: origin: must be an origin/,
    ],
    ['no PKCE said', good.replace('  pkce: true\n', ''), /^chirp\.yaml:\d+: oauth\.pkce/],
    [
      'a request that is none',
      good.replace('GET /entries, query', 'FETCH /entries, query'),
      /^chirp\.yaml:22: a request is a method and a path/,
    ],
    [
      'a capture that is no whole segment',
      good.replace('/files/{file}', '/files/x-{file}'),
      /^chirp\.yaml:24: a request is a method and a path/,
    ],
    ['dots in a path', good.replace('/files/{file}', '/../files'), /a request is a method and a path/],
    [
      'two rules for one request',
      good.replace('POST /entries, body', 'GET /entries, body'),
      /cannot be told from GET \/entries of chirp:entries\.read/,
    ],
    [
      'an example that does not pass',
      good.replace('passes: [POST /entries]', 'passes: [POST /other]'),
      /"POST \/other" should pass, and does not/,
    ],
    [
      'an example that passes and should not',
      good.replace('GET /me]', 'GET /entries/e1/picture]'),
      /should be refused, and passes/,
    ],
    [
      'a fact without a source',
      good.replace('PKCE, ', ''),
      /^chirp\.yaml:\d+: no source is about "PKCE": name one, or list it under unconfirmed$/,
    ],
    [
      'headers without a source',
      good.replace('scopes:\n', 'headers: { accept: application/json }\nscopes:\n'),
      /^chirp\.yaml:\d+: no source is about "headers"/,
    ],
    [
      'an issuer without a source',
      good.replace('  pkce: true\n', '  pkce: true\n  issuer: https://id.chirp.example\n'),
      /^chirp\.yaml:\d+: no source is about "issuer"/,
    ],
    ['a member twice', `${good}title: Other\n`, /^chirp\.yaml:\d+: Map keys must be unique/],
    [
      'an alias',
      good.replace('origin: https', 'origin: &here https').replace('page: https', 'page: *here #'),
      /^chirp\.yaml:1: a definition has no aliases$/,
    ],
    ['no YAML', 'title: [', /^chirp\.yaml:1: /],
    ['nothing', '', /^chirp\.yaml:1: /],
  ])('%s', (_what, text, problem) => {
    const problems = problemsOf(text);
    expect(problems.length).toBeGreaterThan(0);
    expect(problems.join('\n')).toMatch(problem);
  });

  test('a name that is no name of a service', () => {
    expect(problemsOf(good, 'My Service.yaml')).toEqual([expect.stringContaining('is named after its service')]);
  });
});
