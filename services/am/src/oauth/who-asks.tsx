import type { ConsentView } from '@chatelaine/oauth-server-pg';
import { Badge, Card, Facts } from '@chatelaine/service-kit';
import type { ComponentProps, VNode } from 'preact';

export interface WhoAsksView {
  readonly view: ConsentView;
  /** What else is known of it. */
  readonly more?: ComponentProps<typeof Facts>['facts'];
  /** What it gets if the owner agrees, as a sentence. */
  readonly gets: string;
}

/** Who asks for consent: where it runs is what counts, its name is its own word. */
export function WhoAsks({ view, more = [], gets }: WhoAsksView): VNode {
  const { client, request } = view.interaction;
  return (
    <Card title="Who asks">
      <Facts
        facts={[
          ['Runs', <strong>{whereItRuns(request.redirectUri)}</strong>],
          [
            'Calls itself',
            <>
              {client.name} <Badge>not verified</Badge>
            </>,
          ],
          ...more,
        ]}
      />
      <p>
        {gets} You can change or stop it here at any time. If you did not start this, or do not know that address,
        refuse.
      </p>
    </Card>
  );
}

/** RFC 8252 §8.6: what listens on a loopback address cannot be told apart from any other program there. */
function whereItRuns(redirectUri: string): string {
  const { hostname, host } = new URL(redirectUri);
  if (hostname === 'localhost' || hostname === '127.0.0.1' || hostname === '[::1]')
    return 'as a program on this computer';
  return `at ${host}`;
}
