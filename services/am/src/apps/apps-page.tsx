import {
  Badge,
  Button,
  ButtonLink,
  Card,
  Columns,
  Day,
  Empty,
  Facts,
  Form,
  Layout,
  List,
  Moment,
  Onward,
  type Part,
  Row,
} from '@chatelaine/ui';
import type { VNode } from 'preact';
import { AppIcon } from '../identity/app-icon.tsx';
import { whoFacts } from '../identity/who.tsx';
import { EndedApps } from './ends-page.tsx';
import type { EndedApp } from './ended-store.ts';
import type { AppKey, ListedApp } from './list-store.ts';
import { StopApp } from './stop-app.tsx';

export interface AppsView {
  /** The AM's issuer, for owners who have no app yet. */
  readonly issuer: string;
  /** The app after which this page begins; null for the first page. */
  readonly after: AppKey | null;
  readonly apps: Part<ListedApp>;
  /** Null on every page but the first. */
  readonly ended: Part<EndedApp> | null;
}

/** Who may ask for what of the owner's, one entry for each app, and the apps that have ended recently. */
export function AppsPage({ issuer, after, apps, ended }: AppsView): VNode {
  return (
    <Layout title="Apps" width="wide" lead="What may ask here for something you have at your services.">
      {apps.entries.length === 0 && (after === null ? <NoApps issuer={issuer} /> : <NoMore />)}
      <Columns>
        {apps.entries.map((app) => (
          <AppCard key={app.id} app={app} />
        ))}
      </Columns>
      <Onward path="/apps" name="after" after={after} next={apps.next}>
        Older ones
      </Onward>
      {apps.entries.length > 0 && (
        <p>
          <a href="/rules">Rules</a>: try what would happen if one of them asked now, and say what new ones begin with.
        </p>
      )}
      {ended !== null && <EndedApps ended={ended} here="/apps" />}
      <Card title="Stop everything">
        <p>For when you want to be sure, or something is wrong: one button that ends all of it.</p>
        <details>
          <summary>Stop everything</summary>
          <p>
            Ends every app’s access and every link to a service that you have here, at once. Your services are told;
            your data stays where it is. To go on afterwards, you add each service and connect each app again.
          </p>
          <Form action="/stop-everything">
            <Button kind="danger">Stop everything now</Button>
          </Form>
        </details>
      </Card>
    </Layout>
  );
}

function NoApps({ issuer }: { issuer: string }): VNode {
  return (
    <Empty title="None is connected">
      <p>
        An app is listed here once it may use what you have at your services. Connecting starts there: choose “connect
        my authorization manager” in the app and enter this address:
      </p>
      <p>
        <code>{issuer}</code>
      </p>
      <p>You then choose here what it may ask for, and it is listed on this page.</p>
    </Empty>
  );
}

function NoMore(): VNode {
  return (
    <Empty title="No older ones">
      <p>What was listed here is connected no more.</p>
    </Empty>
  );
}

function AppCard({ app }: { app: ListedApp }): VNode {
  const { id, clientName, connections, since, until, isPaused, lastUsed, accounts, hasMoreAccounts } = app;
  return (
    <Card
      title={clientName}
      icon={<AppIcon app={app} />}
      aside={
        <ButtonLink href={`/apps/${id}`} kind="plain">
          Open<span class="unseen"> {clientName}</span>
        </ButtonLink>
      }
    >
      <Facts
        facts={[
          ...whoFacts(app),
          [
            'Connected',
            <>
              since <Day date={since.toISOString().slice(0, 10)} />
              {connections > 1 && `, ${connections} times`}
            </>,
          ],
          ['Until', until === null ? null : <Day date={until.toISOString().slice(0, 10)} />],
          ['Now', isPaused ? <Badge kind="needs">paused</Badge> : null],
          ['Last used', lastUsed === null ? 'not yet' : <Moment at={lastUsed.getTime() / 1000} />],
        ]}
      />
      {accounts.length === 0 ? (
        <p>It is shown none of your services.</p>
      ) : (
        <List>
          {accounts.map(({ linkId, hostName, label, isBroken }) => (
            <Row
              key={linkId}
              title={`${hostName}: ${label}`}
              aside={isBroken ? <Badge kind="bad">broken</Badge> : undefined}
            />
          ))}
          {hasMoreAccounts && <Row title={<a href={`/apps/${id}`}>All that it is shown</a>} />}
        </List>
      )}
      <StopApp
        app={app}
        connections={connections}
        services={accounts.map(({ hostName }) => hostName)}
        hasMore={hasMoreAccounts}
      />
    </Card>
  );
}
