import { Card, Layout, Live, Moment, Notice, TimeOfDay } from '@chatelaine/ui';
import type { VNode } from 'preact';
import { LookAgain, RevocationStatus } from '../links/revocation-status.tsx';
import { type AppTermsView, EndedTerms } from '../terms/app-terms.tsx';
import type { EndedApp } from './ended-store.ts';

/**
 * An app that has no live connection, and which services have confirmed its revocation. Each sentence is true when it
 * is shown. PROTOCOL §7.
 */
export function EndedAppPage({ ended, terms }: { ended: EndedApp; terms: AppTermsView }): VNode {
  const { clientName, together, endedAt, hosts } = ended;
  return (
    <Layout title={`${clientName} is stopped`} lead="It gets no key through here any more.">
      <Live id="told" waits={hosts.some(({ state }) => state === 'pending')}>
        <Notice kind={hosts.every(({ state }) => state === 'confirmed') ? 'good' : 'needs'}>
          <p>
            {ALL[together - 1] ?? `All ${together} connections of it`} ended on <Moment at={endedAt.getTime() / 1000} />
            .
          </p>
          <p>
            <WhatIsLeft ended={ended} />
          </p>
        </Notice>
        <WhatTheyKnow ended={ended} />
      </Live>
      <EndedTerms view={terms} />
      <p>
        <a href="/apps">My apps</a>
      </p>
    </Layout>
  );
}

const ALL = ['Its connection', 'Both connections of it'];

function WhatIsLeft({ ended: { hosts } }: { ended: EndedApp }): VNode {
  const open = hosts.filter(({ state }) => state !== 'confirmed');
  const confirmed = hosts.length - open.length;
  if (hosts.length === 0) return <>Nothing is left: it was shown no service that had to be told.</>;
  if (open.length === 0) return <>Nothing is left: {everyOne(hosts)} confirmed that nothing of it is alive there.</>;
  const dies = Math.max(...open.map(({ keysDieAt }) => keysDieAt?.getTime() ?? 0)) / 1000;
  return (
    <>
      {confirmed} of {hosts.length === 1 ? '1 service' : `${hosts.length} services`} confirmed so far.{' '}
      {dies > 0 ? (
        <>
          The newest key that it may still use dies at <TimeOfDay at={dies} /> at the latest.
        </>
      ) : (
        'No key that it got through here is alive any more.'
      )}
    </>
  );
}

function everyOne(hosts: EndedApp['hosts']): string {
  if (hosts.length === 1) return `${hosts[0]?.hostName ?? ''} has`;
  return hosts.length === 2 ? 'both services have' : `all ${hosts.length} services have`;
}

/** The status of the revocation at each service, in one list. */
export function WhatTheyKnow({ ended }: { ended: EndedApp }): VNode | null {
  const { id, hosts, live, together, endedAt } = ended;
  if (hosts.length === 0 && live === 0) return null;
  return (
    <Card title={live === 0 ? 'What your services know' : 'What has ended of it'}>
      {live > 0 && (
        <p>
          {together === 1 ? 'One connection' : `${together} connections`} ended on{' '}
          <Moment at={endedAt.getTime() / 1000} />
          {hosts.length === 0 ? '; no service had to be told.' : '. What it has at these services by others goes on.'}
        </p>
      )}
      <ul>
        {hosts.map((host) => (
          <RevocationStatus host={host} />
        ))}
      </ul>
      <LookAgain href={`/apps/${id}`} hosts={hosts} />
    </Card>
  );
}
