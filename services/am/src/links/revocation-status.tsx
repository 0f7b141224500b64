import { Badge, ByHand, Moment, TimeOfDay } from '@chatelaine/ui';
import type { VNode } from 'preact';

/** Whether a Host has been told of an end. */
export interface RevocationAtHost {
  readonly hostName: string;
  readonly state: 'pending' | 'confirmed' | 'failed';
  readonly attempts: number;
  /** Null: not tried yet. */
  readonly triedAt: Date | null;
  /** When the newest key it may still accept has expired at the latest; null: none is alive. */
  readonly keysDieAt: Date | null;
}

/** A Host, whether it has confirmed an end, and when it was last told; an item of a list. */
export function RevocationStatus({ host }: { host: RevocationAtHost }): VNode {
  return (
    <li>
      {host.hostName} <State host={host} />
    </li>
  );
}

function State({ host: { hostName, state, attempts, triedAt, keysDieAt } }: { host: RevocationAtHost }): VNode {
  const at = triedAt === null ? null : <Moment at={triedAt.getTime() / 1000} />;
  switch (state) {
    case 'confirmed':
      return (
        <>
          <Badge kind="good">confirmed</Badge> <small>{at}</small>
        </>
      );
    case 'pending':
      return (
        <>
          <Badge kind="needs">{attempts === 0 ? 'being told' : `still trying, ${tries(attempts)}`}</Badge>{' '}
          <small>
            {at !== null && <>Last tried {at}. It is tried again by itself, for a week. </>}
            <Keys dieAt={keysDieAt} />
          </small>
        </>
      );
    case 'failed':
      return (
        <>
          <Badge kind="bad">failed</Badge>{' '}
          <small>
            It could not be told in a week{at !== null && <>, last tried {at}</>}. The keys there have expired since; to
            be sure, sign in at {hostName} and look there who has access.
          </small>
        </>
      );
  }
}

/** Which keys are still alive, whether the Host answers or not. */
function Keys({ dieAt }: { dieAt: Date | null }): VNode {
  if (dieAt === null) return <>No key that was handed out for it is alive any more.</>;
  return (
    <>
      The newest key dies at <TimeOfDay at={dieAt.getTime() / 1000} /> at the latest, whether it answers or not.
    </>
  );
}

const tries = (attempts: number): string => (attempts === 1 ? '1 try' : `${attempts} tries`);

/** What a person can do while a Host has not answered, if no script refreshes the page. */
export function LookAgain({ href, hosts }: { href: string; hosts: readonly RevocationAtHost[] }): VNode | null {
  if (!hosts.some(({ state }) => state === 'pending')) return null;
  return (
    <ByHand>
      <a href={href}>Look again</a> <small>This page does not change by itself.</small>
    </ByHand>
  );
}
