import { nameWithout } from '@chatelaine/oauth-server';
import { isLoopbackHost } from '@chatelaine/protocol';
import { Address, Badge } from '@chatelaine/ui';
import type { ComponentChild } from 'preact';

/** A Requester's identity, as far as the AM can know it. */
export interface Who {
  readonly clientId: string;
  /** Its name on its owner's pages: the owner's name for it, otherwise its own. */
  readonly clientName: string;
  /** Its own name. */
  readonly selfName: string;
  /** Its icon; null if there is none to show. */
  readonly iconId: string | null;
  /** The page that it claims as its own. */
  readonly clientUri: string | null;
  /** Its redirect URI; null for a connection older than this column. */
  readonly redirectUri: string | null;
  /** Whether it proves its identity, by a key or a secret of its own; null for a connection older than this column. */
  readonly isProven: boolean | null;
}

type Fact = readonly [name: string, value: ComponentChild];

/**
 * The facts about a Requester, shown wherever an owner decides on it. What counts is where it runs and who vouches for
 * it; its name is only its own claim.
 */
export function whoFacts(who: Who): readonly Fact[] {
  const { clientId, clientUri, redirectUri, isProven } = who;
  const site = siteOf(clientId);
  return [
    [
      'Runs',
      redirectUri === null ? null : (
        <strong>
          <Address>{whereItRuns(redirectUri)}</Address>
        </strong>
      ),
    ],
    namesOf(who),
    [
      'Identified by',
      site === null ? (
        'its own word only (it registered itself)'
      ) : (
        <>
          <strong>
            <Address>{site}</Address>
          </strong>{' '}
          <small>
            <Address>{`(${clientId})`}</Address>
          </small>
        </>
      ),
    ],
    ['Proves who it is', isProven === false ? <strong>{PROVES_NOTHING}</strong> : null],
    ['Says its page is', clientUri === null ? null : <Address>{clientUri}</Address>],
  ];
}

/** Whether its owner has given it a name of their own. */
export const isOwnName = ({ clientName, selfName }: Pick<Who, 'clientName' | 'selfName'>): boolean =>
  clientName !== selfName;

/** Its own name, beside its owner's name for it. */
function namesOf({ clientId, clientName, selfName, redirectUri }: Who): Fact {
  // a client without a name is named after where it runs, which is shown already
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

/** The same in a few words, next to a name. */
export function whoInShort({ clientId, redirectUri }: Pick<Who, 'clientId' | 'redirectUri'>): string {
  const site = siteOf(clientId);
  if (redirectUri === null) return site ?? 'registered itself';
  const runs = whereItRuns(redirectUri);
  if (site === null) return `${runs}, registered itself`;
  return runs === `at ${site}` ? runs : `${runs}, identified by ${site}`;
}

/** What it is called if it has no name. */
function nameOf({ clientId, redirectUri }: Pick<Who, 'clientId' | 'redirectUri'>): string | null {
  if (siteOf(clientId) !== null) return nameWithout({ id: clientId, source: 'document' }, clientId);
  return redirectUri === null ? null : nameWithout({ id: clientId, source: 'registered' }, redirectUri);
}

/** The site that publishes its client metadata document; null if it registered itself. */
function siteOf(clientId: string): string | null {
  const url = URL.parse(clientId);
  return url !== null && (url.protocol === 'https:' || url.protocol === 'http:') ? url.host : null;
}

/**
 * RFC 8252 §8.6: a program that listens on a loopback address cannot be told apart from other programs there, nor can
 * one with a private-use URI scheme.
 */
export function whereItRuns(redirectUri: string): string {
  const { protocol, hostname, host } = new URL(redirectUri);
  if (protocol !== 'https:' && protocol !== 'http:') return 'as an app on your device';
  return isLoopbackHost(hostname) ? `as a program on this computer (${hostname})` : `at ${host}`;
}
