import { isLoopbackHost } from '@chatelaine/protocol';
import { Badge } from '@chatelaine/service-kit';
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
}

type Fact = readonly [name: string, value: ComponentChild];

/** One block wherever somebody decides on a Requester: where it runs and who vouches for it are what counts, its name is its own word. */
export function whoFacts({ clientId, clientName, clientUri, redirectUri }: Who): readonly Fact[] {
  const site = siteOf(clientId);
  return [
    ['Runs', redirectUri === null ? null : <strong>{whereItRuns(redirectUri)}</strong>],
    [
      'Calls itself',
      <>
        {clientName} <Badge>not verified</Badge>
      </>,
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
    ['Says its page is', clientUri],
  ];
}

/** The same in a few words, to stand beside a name. */
export function whoInShort({ clientId, redirectUri }: Pick<Who, 'clientId' | 'redirectUri'>): string {
  const site = siteOf(clientId);
  if (redirectUri === null) return site ?? 'registered itself';
  const runs = whereItRuns(redirectUri);
  if (site === null) return `${runs}, registered itself`;
  return runs === `at ${site}` ? runs : `${runs}, identified by ${site}`;
}

/** The site that publishes its document; null when it registered itself. */
function siteOf(clientId: string): string | null {
  const url = URL.parse(clientId);
  return url !== null && (url.protocol === 'https:' || url.protocol === 'http:') ? url.host : null;
}

/** RFC 8252 §8.6: what listens on a loopback address cannot be told apart from any other program there, nor what takes a scheme of its own. */
function whereItRuns(redirectUri: string): string {
  const { protocol, hostname, host } = new URL(redirectUri);
  if (protocol !== 'https:' && protocol !== 'http:') return 'as an app on your device';
  return isLoopbackHost(hostname) ? 'as a program on this computer' : `at ${host}`;
}
