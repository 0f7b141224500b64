import { Button, ButtonRow, Card, Columns, Empty, Facts, Form, Hidden, Layout, Notice, Radios } from '@chatelaine/ui';
import type { VNode } from 'preact';
import { AppIcon } from '../identity/app-icon.tsx';
import { whoFacts } from '../identity/who.tsx';
import { type AddableAccount, addField, offerOf } from './addable.ts';
import type { OwnApp } from './app-store.ts';
import { SHOWN_FIELD } from './rules-form.ts';

export interface AddView {
  readonly app: OwnApp;
  readonly accounts: readonly AddableAccount[];
  readonly problem?: string;
}

/** What an app could be allowed to ask for beyond what it may; nothing is preselected. */
export function AddPage({ app, accounts, problem }: AddView): VNode {
  const { id, clientName } = app;
  return (
    <Layout
      title={`Let ${clientName} ask for more`}
      lead="It gets nothing by this that you do not choose here."
      width="wide"
    >
      {problem !== undefined && <Notice kind="bad">{problem}</Notice>}
      <Card title="Who it is" icon={<AppIcon app={app} />}>
        <Facts facts={whoFacts(app)} />
      </Card>
      {accounts.length === 0 ? (
        <Empty title="Nothing to add">
          <p>
            It may ask already for everything that your services share through here, as far as it can use more than one
            account. <a href={`/apps/${id}`}>Back to {clientName}</a>
          </p>
        </Empty>
      ) : (
        <Form action={`/apps/${id}/add`}>
          <Hidden fields={{ [SHOWN_FIELD]: offerOf(app, accounts) }} />
          <Columns>
            {accounts.map((account) => (
              <Account key={account.linkId} account={account} />
            ))}
          </Columns>
          <ButtonRow>
            <Button>Add what I chose</Button>
            <a href={`/apps/${id}`}>Back without adding</a>
          </ButtonRow>
        </Form>
      )}
    </Layout>
  );
}

const ANSWERS = [
  { value: 'no', label: 'No' },
  { value: 'ask', label: 'Ask me each time' },
  { value: 'allow', label: 'Allow' },
] as const;

function Account({ account: { linkId, hostName, label, scopes } }: { account: AddableAccount }): VNode {
  return (
    <Card title={`${hostName}: ${label}`}>
      {scopes.map(({ scope, sentence }) => (
        <Radios
          key={scope}
          legend={
            <>
              {sentence} <small>({scope})</small>
            </>
          }
          name={addField(linkId, scope)}
          answers={ANSWERS}
          chosen="no"
        />
      ))}
    </Card>
  );
}
