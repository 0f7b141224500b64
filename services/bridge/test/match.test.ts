import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { matchRequest } from '../src/definitions/match.ts';
import { overlap, parseRequestLine, type RequestRule } from '../src/definitions/request-rule.ts';

const rule = (line: string, query: readonly string[] = []): RequestRule => {
  const parsed = parseRequestLine(line);
  if (parsed === null) throw new Error(line);
  return { ...parsed, scope: 'x:y', query: new Set(query), body: null };
};
const RULES = [
  rule('GET /repos/{owner}/{repo}/issues', ['page', 'state']),
  rule('GET /user'),
  rule('POST /repos/{owner}/{repo}/issues'),
];
const kindOf = (target: string, method = 'GET'): string => matchRequest(RULES, method, target).kind;

describe('a request', () => {
  test('that a rule covers is rebuilt from the rule and what was captured', () => {
    expect(matchRequest(RULES, 'GET', '/repos/ada/my%20repo/issues?state=open&page=2')).toMatchObject({
      kind: 'covered',
      path: '/repos/ada/my%20repo/issues',
      query: [
        ['state', 'open'],
        ['page', '2'],
      ],
    });
  });

  test.each([
    ['another method', '/user', 'DELETE'],
    ['a path that nobody named', '/user/keys', 'GET'],
    ['a path that goes on', '/user/repos', 'GET'],
    ['a method in small letters', '/user', 'get'],
  ])('with %s is covered by nothing', (_what, target, method) => {
    expect(kindOf(target, method)).toBe('uncovered');
  });
});

describe('a path is refused, never repaired, when it has', () => {
  test.each([
    ['a dot segment', '/repos/../user'],
    ['a single dot', '/repos/./user'],
    ['encoded dots', '/repos/%2e%2e/user'],
    ['half encoded dots', '/repos/.%2E/user'],
    ['twice encoded dots', '/repos/%252e%252e/user'],
    ['an encoded slash', '/repos/a%2Fb/x/issues'],
    ['an encoded slash in small letters', '/repos/a%2fb/x/issues'],
    ['a backslash', '/repos/a\\b/x/issues'],
    ['an encoded backslash', '/repos/a%5Cb/x/issues'],
    ['two slashes', '//user'],
    ['two slashes inside', '/repos//x/issues'],
    ['a slash at its end', '/user/'],
    ['a semicolon', '/user;jsessionid=1'],
    ['an encoded semicolon', '/repos/a%3Bb/x/issues'],
    ['an encoded question mark', '/repos/a%3Fb/x/issues'],
    ['an encoded hash', '/repos/a%23b/x/issues'],
    ['a NUL', '/repos/a%00/x/issues'],
    ['a line break', '/repos/a%0d%0ab/x/issues'],
    ['letters that are encoded for nothing', '/%75ser'],
    ['hexadecimal digits in small letters', '/repos/%c3%a9/x/issues'],
    ['a byte that is no UTF-8', '/repos/%ff/x/issues'],
    ['a percent sign alone', '/repos/50%/x/issues'],
    ['a raw letter beyond ASCII', '/repos/é/x/issues'],
    ['a space', '/repos/a b/x/issues'],
    ['an at sign that is not encoded', '/repos/@me/x/issues'],
    ['the absolute form', 'http://evil.example/user'],
    ['nothing before it', 'user'],
    ['nothing at all', ''],
    ['a segment beyond measure', `/repos/${'a'.repeat(501)}/x/issues`],
  ])('%s', (_what, target) => {
    expect(kindOf(target)).toBe('odd');
  });
});

describe('a query is refused when it has', () => {
  test.each([
    ['a parameter that does not pass', '/user?private_token=x'],
    ['another user to act as', '/repos/a/b/issues?sudo=root'],
    ['another method', '/repos/a/b/issues?_method=DELETE'],
    ['a callback for scripts', '/repos/a/b/issues?callback=steal'],
    ['a parameter twice', '/repos/a/b/issues?page=1&page=2'],
    ['a parameter twice, once encoded', '/repos/a/b/issues?page=1&%70age=2'],
    ['no name', '/repos/a/b/issues?=1'],
    ['an empty pair', '/repos/a/b/issues?page=1&'],
    ['a control character', '/repos/a/b/issues?page=%0a'],
    ['a byte that is no UTF-8', '/repos/a/b/issues?page=%ff'],
    ['a fragment', '/repos/a/b/issues?page=1#x'],
    ['more than anybody needs', `/repos/a/b/issues?page=${'1'.repeat(4097)}`],
  ])('%s', (_what, target) => {
    expect(kindOf(target)).toBe('odd');
  });
});

test('whatever comes in, what goes out is canonical, below the rule, and read by a URL parser as it was meant', () => {
  const piece = fc.constantFrom(
    '..',
    '.',
    '%2e',
    '%2E',
    '%2f',
    '/',
    '\\',
    '%5c',
    ';',
    '%00',
    'a',
    'é',
    '%',
    '%25',
    '@',
    ':',
    '?',
    '#',
    '//',
    'repos',
    'issues',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const matched = matchRequest(RULES, 'GET', `/repos/${pieces.join('')}/issues`);
      if (matched.kind !== 'covered') return;
      const url = new URL(matched.path, 'https://api.example');
      expect([url.origin, url.pathname, url.search, url.hash]).toEqual(['https://api.example', matched.path, '', '']);
      expect(matched.path.split('/')).toHaveLength(5);
    }),
    { numRuns: 3000 },
  );
});

test('two rules that some request would fit both are seen', () => {
  expect(overlap(rule('GET /a/{x}'), rule('GET /a/b'))).toBe(true);
  expect(overlap(rule('GET /{y}/b'), rule('GET /a/{x}'))).toBe(true);
  expect(overlap(rule('GET /a/b'), rule('GET /a/c'))).toBe(false);
  expect(overlap(rule('GET /a'), rule('POST /a'))).toBe(false);
  expect(overlap(rule('GET /a'), rule('GET /a/b'))).toBe(false);
});
