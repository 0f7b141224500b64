import type { Deps } from '../deps.ts';
import type { LinkKey } from '../links/link-store.ts';
import { linkToken, type LinkTokenDeps } from '../links/link-token.ts';
import { type OwnLink, readOwnLink } from './hosts-store.ts';

export type TestLinkDeps = LinkTokenDeps & Pick<Deps, 'rateLimits'>;

/** The result of asking a Host whether it still accepts a link. */
export type LinkTest =
  | { readonly kind: 'works' | 'broken' | 'unreachable' | 'odd'; readonly link: OwnLink }
  /** This owner has no such link. */
  | { readonly kind: 'unknown' };

const TESTS_PER_HOUR = 60;

/** Asks the Host for a fresh token of the link now, as transfers do when the old one is about to expire. */
export async function testLink(deps: TestLinkDeps, key: LinkKey): Promise<LinkTest> {
  const of = { id: key.linkId, ownerId: key.ownerId };
  if ((await readOwnLink(deps, of)) === null) return { kind: 'unknown' };
  await deps.rateLimits.consume({ name: 'test_link', points: TESTS_PER_HOUR, perSeconds: 3600 }, key.ownerId);
  const { kind } = await linkToken(deps, { ...key, refresh: 'now' });
  await deps.linksSeen.store();
  const link = await readOwnLink(deps, of);
  if (link === null) return { kind: 'unknown' };
  switch (kind) {
    case 'token':
      return { kind: 'works', link };
    case 'broken':
      return { kind: 'broken', link };
    case 'timeout':
    case 'unreachable':
    case 'busy':
      return { kind: 'unreachable', link };
    case 'unusable':
    case 'unopened':
      return { kind: 'odd', link };
  }
}
