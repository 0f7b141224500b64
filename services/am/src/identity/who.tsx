import { nameWithout } from '@chatelaine/oauth-server';
import { isLoopbackHost } from '@chatelaine/protocol';
import { Badge } from '@chatelaine/ui';
import type { ComponentChild } from 'preact';

/** A Requester's identity, as far as anybody here can know it. */
export interface Who {
  readonly clientId: string;
  /** Its name on its owner's pages: theirs for it, or else the one it gives itself. */
  readonly clientName: string;
  /** The name it gives itself. */
  readonly selfName: string;
  /** Its own icon; null: there is none to show. */
  readonly iconId: string | null;
  /** The page it claims as its own. */
  readonly clientUri: string | null;
  /** Where its codes go; null for a connection older than this column. */
  readonly redirectUri: string | null;
  /** Whether it proves its identity, by a key or a secret of its own; null for a connection older than this column. */
  readonly isProven: boolean | null;
}

type Fact = readonly [name: string, value: ComponentChild];

/**
 * One block wherever somebody decides on a Requester. What counts is where it runs and who vouches for it; its name is
 * its own claim.
 */
export function whoFacts(who: Who): readonly Fact[] {
  const { clientId, clientUri, redirectUri, isProven } = who;
  const site = siteOf(clientId);
  return [
    ['Runs', redirectUri === null ? null : <strong>{whereItRuns(redirectUri)}</strong>],
    namesOf(who),
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

/** Its owner has given it a name of their own. */
export const isOwnName = ({ clientName, selfName }: Pick<Who, 'clientName' | 'selfName'>): boolean =>
  clientName !== selfName;

/** What it calls itself, beside what its owner calls it. */
function namesOf({ clientId, clientName, selfName, redirectUri }: Who): Fact {
  // one that gives no name is called after where it is, and that is told already
  const says =
    selfName === nameOf({ clientId, redirectUri }) ? null : (
      <>
        {selfName} <Badge>not verified</Badge>
      </>
    );
  if (!isOwnName({ clientName, selfName })) return ['Calls itself', says];
  return [
    'You call it',
    <>
      {clientName} · {says === null ? 'gives itself no name' : <>calls itself {says}</>}
    </>,
  ];
}

const PROVES_NOTHING =
  'no: it shows neither a key nor a secret of its own, so any other program could pass itself off as it';

/** The same in a few words, to be put next to a name. */
export function whoInShort({ clientId, redirectUri }: Pick<Who, 'clientId' | 'redirectUri'>): string {
  const site = siteOf(clientId);
  if (redirectUri === null) return site ?? 'registered itself';
  const runs = whereItRuns(redirectUri);
  if (site === null) return `${runs}, registered itself`;
  return runs === `at ${site}` ? runs : `${runs}, identified by ${site}`;
}

/** What it is called if it gives no name. */
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
 * RFC 8252 §8.6: a program that listens on a loopback address cannot be told apart from any other program there, nor
 * can one that uses a scheme of its own.
 */
export function whereItRuns(redirectUri: string): string {
  const { protocol, hostname, host } = new URL(redirectUri);
  if (protocol !== 'https:' && protocol !== 'http:') return 'as an app on your device';
  return isLoopbackHost(hostname) ? `as a program on this computer (${hostname})` : `at ${host}`;
}
