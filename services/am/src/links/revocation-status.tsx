import { LIFETIME } from '@chatelaine/protocol';
import { Badge, Moment } from '@chatelaine/service-kit';
import type { VNode } from 'preact';

/** What a Host knows of an end. */
export interface ToldHost {
  readonly hostName: string;
  readonly state: 'pending' | 'confirmed' | 'failed';
  readonly attempts: number;
  /** Null: not tried yet. */
  readonly triedAt: Date | null;
}

/** A Host, whether it has confirmed an end, and when it was last told; for a list. */
export function Told({ host }: { host: ToldHost }): VNode {
  return (
    <li>
      {host.hostName} <State host={host} />
    </li>
  );
}

function State({ host: { hostName, state, attempts, triedAt } }: { host: ToldHost }): VNode {
  const minutes = Math.ceil(LIFETIME.hostAccessToken / 60);
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
            The keys still alive there stop within {minutes} minutes in any case.
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

const tries = (attempts: number): string => (attempts === 1 ? '1 try' : `${attempts} tries`);

/** What people do while a Host has not answered yet: no page of ours runs a script. */
export function LookAgain({ href, hosts }: { href: string; hosts: readonly ToldHost[] }): VNode | null {
  if (!hosts.some(({ state }) => state === 'pending')) return null;
  return (
    <p>
      <a href={href}>Look again</a> <small>This page does not change by itself.</small>
    </p>
  );
}
