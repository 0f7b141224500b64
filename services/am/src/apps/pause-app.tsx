import { Button, ButtonRow, Card, Form, Live, Moment, Notice } from '@chatelaine/ui';
import type { VNode } from 'preact';
import { LookAgain, type RevocationAtHost, RevocationStatus } from '../links/revocation-status.tsx';
import type { OwnApp, PausedUntil } from './app-store.ts';

/** How long an app is paused, by the button that is pressed. */
export const PAUSES = {
  hour: { label: 'Pause for 1 hour', seconds: 3_600 },
  open: { label: 'Pause until I resume it', seconds: null },
} as const;
export const isPause = (given: string | undefined): given is keyof typeof PAUSES =>
  given !== undefined && Object.hasOwn(PAUSES, given);

/** The buttons that pause all connections of an app, and what they will do. */
export function PauseApp({ app: { id, clientName } }: { app: Pick<OwnApp, 'id' | 'clientName'> }): VNode {
  return (
    <details>
      <summary>Pause it</summary>
      <p>
        While it is paused, {clientName} gets no key through here, and the services are told to end those it has. It
        stays connected, and goes on with the same answers afterwards.
      </p>
      <Form action={`/apps/${id}/pause`}>
        <ButtonRow>
          {Object.entries(PAUSES).map(([value, { label }]) => (
            <Button key={value} name="for" value={value} kind="plain">
              {label}
            </Button>
          ))}
        </ButtonRow>
      </Form>
    </details>
  );
}

/** How many of an app's connections are paused, and until when the last of them is; null if none is. */
export function pauseOf({ connections }: OwnApp): { readonly until: PausedUntil; readonly paused: number } | null {
  const ends = connections.flatMap(({ paused }) => (paused === null ? [] : [paused]));
  if (ends.length === 0) return null;
  const dates = ends.filter((end) => end !== 'resumed');
  const until = dates.length < ends.length ? 'resumed' : new Date(Math.max(...dates.map((end) => end.getTime())));
  return { until, paused: ends.length };
}

/** Says that an app is paused, and which services have confirmed that its tokens there are revoked. PROTOCOL §7. */
export function Pause({ app, hosts }: { app: OwnApp; hosts: readonly RevocationAtHost[] }): VNode | null {
  const pause = pauseOf(app);
  const waits = hosts.some(({ state }) => state === 'pending');
  if (pause === null && hosts.every(({ state }) => state === 'confirmed')) return null;
  return (
    <Card title={pause === null ? 'What your services know of the pause' : 'Paused'}>
      {pause !== null && <IsPaused app={app} pause={pause} />}
      <Live id="paused" waits={waits}>
        {hosts.length === 0 ? (
          <p>No service had to be told.</p>
        ) : (
          <>
            <p>The services were told to end what it had there:</p>
            <ul>
              {hosts.map((host) => (
                <RevocationStatus host={host} />
              ))}
            </ul>
          </>
        )}
        <LookAgain href={`/apps/${app.id}`} hosts={hosts} />
      </Live>
    </Card>
  );
}

function IsPaused({ app, pause }: { app: OwnApp; pause: NonNullable<ReturnType<typeof pauseOf>> }): VNode {
  const { id, clientName, connections } = app;
  const { until, paused } = pause;
  return (
    <>
      <Notice kind="needs">
        <p>
          {paused === connections.length
            ? `${clientName} gets no key through here`
            : `By ${paused} of its ${connections.length} connections ${clientName} gets no key through here`}
          {until === 'resumed' ? (
            ' until you resume it.'
          ) : (
            <>
              {' '}
              until <Moment at={until.getTime() / 1000} />, or until you resume it.
            </>
          )}{' '}
          When it asks, it is told that you have paused it.
        </p>
      </Notice>
      <Form action={`/apps/${id}/resume`}>
        <Button>Resume {clientName}</Button>
      </Form>
    </>
  );
}
