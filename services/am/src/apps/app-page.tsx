import {
  Badge,
  Button,
  ButtonRow,
  Card,
  Columns,
  Facts,
  Form,
  Hidden,
  Layout,
  Live,
  Moment,
  Notice,
  Radios,
} from '@chatelaine/ui';
import type { VNode } from 'preact';
import { AppIcon } from '../identity/app-icon.tsx';
import { whoFacts } from '../identity/who.tsx';
import type { RevocationAtHost } from '../links/revocation-status.tsx';
import { AppTerms, type AppTermsView } from '../terms/app-terms.tsx';
import { ruleHref } from '../rules/rule-href.ts';
import { leftWords, limitWords } from '../rules/words.ts';
import type { AppAccount, AppScope, OwnApp } from './app-store.ts';
import { WhatTheyKnow } from './ended-app-page.tsx';
import type { EndedApp } from './ended-store.ts';
import { NameApp, Named } from './name-app.tsx';
import { Pause, PauseApp } from './pause-app.tsx';
import { boundsOf } from './rule-form.ts';
import { ANSWERS, ruleField, SHOWN_FIELD, shownOf } from './rules-form.ts';
import { StopApp } from './stop-app.tsx';
import { Technical } from './technical.tsx';

export interface AppView {
  readonly app: OwnApp;
  /** Connections of it that have ended recently; null if none has. */
  readonly ended: EndedApp | null;
  /** What the owner has just changed: what it may do, or their name for it. */
  readonly saved: 'saved' | 'named' | null;
  readonly terms: AppTermsView;
  /** The status at Hosts of its last pause. */
  readonly pauseStatus: readonly RevocationAtHost[];
}

/** One app: who it is, what it may ask for at each account with the owner's answers, and how to stop it. */
export function AppPage({ app, ended, saved, terms, pauseStatus }: AppView): VNode {
  const { id, clientName, connections, accounts } = app;
  return (
    <Layout title={clientName} width="wide" lead="What this app may do, for you to change at any time.">
      {saved === 'saved' && (
        <Notice kind="good">
          <p>Saved. It holds from now on, for every key that {clientName} asks for.</p>
        </Notice>
      )}
      {saved === 'named' && <Named app={app} />}
      <Pause app={app} hosts={pauseStatus} />
      <Card title="Who it is" icon={<AppIcon app={app} />}>
        <Facts facts={whoFacts(app)} />
        <NameApp app={app} />
        <PauseApp app={app} />
        <StopApp
          app={app}
          connections={connections.length}
          services={accounts.filter(({ linkState }) => linkState !== 'ended').map(({ hostName }) => hostName)}
        />
      </Card>
      <AppTerms view={terms} />
      {accounts.length === 0 ? (
        <Notice>
          <p>It may ask for nothing that you have at your services.</p>
          <More app={app} />
        </Notice>
      ) : (
        <Form action={`/apps/${id}/rules`}>
          <Hidden fields={{ [SHOWN_FIELD]: shownOf(app) }} />
          <Columns>
            {accounts.map((account) => (
              <AccountRules key={account.linkId} app={app} account={account} />
            ))}
          </Columns>
          {connections.every(({ resource }) => resource !== null) && (
            <p>
              <small>
                This app cannot put questions to you: where you want to be asked, it comes back here to be allowed anew.
              </small>
            </p>
          )}
          <More app={app} />
          <ButtonRow>
            <Button>Save</Button>
            <a href="/apps">Back without saving</a>
          </ButtonRow>
        </Form>
      )}
      <Technical app={app} />
      {ended !== null && (
        <Live id="told" waits={ended.hosts.some(({ state }) => state === 'pending')}>
          <WhatTheyKnow ended={ended} />
        </Live>
      )}
    </Layout>
  );
}

/**
 * How to let the app have more. A stock client asks for that itself, and gets no more than it asked for. PROTOCOL §6.
 */
function More({ app: { id, clientName, connections } }: { app: OwnApp }): VNode {
  if (connections.every(({ resource }) => resource !== null))
    return (
      <p>
        <small>To let it ask for more, connect it again from {clientName}.</small>
      </p>
    );
  return (
    <p>
      <a href={`/apps/${id}/add`}>Let it ask for more</a>
    </p>
  );
}

function AccountRules({ app, account }: { app: OwnApp; account: AppAccount }): VNode {
  const { linkId, hostName, label, linkState, scopes } = account;
  return (
    <Card
      title={`${hostName}: ${label}`}
      aside={linkState === 'active' ? undefined : <Badge kind="bad">link {linkState}</Badge>}
    >
      {scopes.map((one) => (
        <div key={one.scope}>
          <Radios
            legend={
              <>
                {one.sentence} <small>({one.scope})</small>
                {one.effect === null && (
                  <small> Its connections have different answers: what you choose is for all.</small>
                )}
              </>
            }
            name={ruleField(linkId, one.scope)}
            answers={ANSWERS}
            chosen={one.effect ?? undefined}
          />
          <Bounds app={app} linkId={linkId} scope={one} />
        </div>
      ))}
    </Card>
  );
}

/** How an answer is limited, and a link to change that. */
function Bounds({ app, linkId, scope }: { app: OwnApp; linkId: string; scope: AppScope }): VNode {
  const { until, limit } = boundsOf(app, scope);
  return (
    <p>
      <small>
        {limit !== null && `Allowed ${limitWords(limit)}: ${leftWords(limit)}. `}
        {until !== null && (
          <>
            Until <Moment at={until.getTime() / 1000} />.{' '}
          </>
        )}
        <a href={ruleHref({ appId: app.id, linkId, scope: scope.scope })}>
          Until when, how often<span class="unseen">: {scope.sentence}</span>
        </a>
      </small>
    </p>
  );
}
