import { nameWithout } from '@chatelaine/oauth-server';
import { isLoopbackHost } from '@chatelaine/protocol';
import { Badge } from '@chatelaine/ui';
import type { ComponentChild } from 'preact';

/** Who a Requester is, as far as anybody here can know. */
export interface Who {
  readonly clientId: string;
  /** What it calls itself. */
  readonly clientName: string;
  /** The page that it calls its own. */
  readonly clientUri: string | null;
  /** Where its codes go; null for a connection older than that this is kept. */
  readonly redirectUri: string | null;
  /**
   * Whether it proves that it is who it says, by a key or a secret of its own; null for a connection older than that
   * this is kept.
   */
  readonly isProven: boolean | null;
}

type Fact = readonly [name: string, value: ComponentChild];

/**
 * One block wherever somebody decides on a Requester: where it runs and who vouches for it are what counts, its name is
 * its own word.
 */
export function whoFacts({ clientId, clientName, clientUri, redirectUri, isProven }: Who): readonly Fact[] {
  const site = siteOf(clientId);
  return [
    ['Runs', redirectUri === null ? null : <strong>{whereItRuns(redirectUri)}</strong>],
    [
      'Calls itself',
      // one that gives no name is called after where it is, and that is told already
      clientName === nameOf({ clientId, redirectUri }) ? null : (
        <>
          {clientName} <Badge>not verified</Badge>
        </>
      ),
    ],
    [
      'Identified by',
      site === null ? (
        'its own word only (it registered itself)'
      ) : (
        <>
          <strong>{site}</strong> <small>({clientId})</small>
        </>
      ),
    ],
    ['Proves who it is', isProven === false ? <strong>{PROVES_NOTHING}</strong> : null],
    ['Says its page is', clientUri],
  ];
}

const PROVES_NOTHING =
  'no: it shows neither a key nor a secret of its own, so any other program could pass itself off as it';

/** The same in a few words, to stand beside a name. */
export function whoInShort({ clientId, redirectUri }: Pick<Who, 'clientId' | 'redirectUri'>): string {
  const site = siteOf(clientId);
  if (redirectUri === null) return site ?? 'registered itself';
  const runs = whereItRuns(redirectUri);
  if (site === null) return `${runs}, registered itself`;
  return runs === `at ${site}` ? runs : `${runs}, identified by ${site}`;
}

/** What it is called when it gives no name. */
function nameOf({ clientId, redirectUri }: Pick<Who, 'clientId' | 'redirectUri'>): string | null {
  if (siteOf(clientId) !== null) return nameWithout({ id: clientId, source: 'document' }, clientId);
  return redirectUri === null ? null : nameWithout({ id: clientId, source: 'registered' }, redirectUri);
}

/** The site that publishes its document; null when it registered itself. */
function siteOf(clientId: string): string | null {
  const url = URL.parse(clientId);
  return url !== null && (url.protocol === 'https:' || url.protocol === 'http:') ? url.host : null;
}

/**
 * RFC 8252 §8.6: what listens on a loopback address cannot be told apart from any other program there, nor what takes a
 * scheme of its own.
 */
export function whereItRuns(redirectUri: string): string {
  const { protocol, hostname, host } = new URL(redirectUri);
  if (protocol !== 'https:' && protocol !== 'http:') return 'as an app on your device';
  return isLoopbackHost(hostname) ? `as a program on this computer (${hostname})` : `at ${host}`;
}
