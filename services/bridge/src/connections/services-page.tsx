import {
  Badge,
  Button,
  ButtonLink,
  ButtonRow,
  Card,
  Empty,
  Facts,
  Form,
  Layout,
  List,
  Notice,
  Row,
} from '@chatelaine/ui';
import type { VNode } from 'preact';
import type { Service } from '../definitions/index.ts';

export interface ServiceView {
  readonly service: Service;
  /** Whether the operator has a client id there. */
  readonly ready: boolean;
  readonly account: {
    readonly label: string;
    readonly state: 'active' | 'broken';
    readonly shares: readonly string[];
    /** Scopes of the service that it granted in addition to those that were asked for. */
    readonly extra: readonly string[];
  } | null;
}

export interface ServicesView {
  readonly services: readonly ServiceView[];
  readonly issuer: string;
  readonly news: VNode | null;
}

/** The services that somebody can connect or has connected. */
export function ServicesPage({ services, issuer, news }: ServicesView): VNode {
  const connected = services.filter(({ account }) => account !== null);
  return (
    <Layout
      title="Your services"
      lead={
        'Connect a service once. Through your authorization manager, apps then use as much of it as you allow, ' +
        'with short keys of this bridge; the service’s own key never leaves it.'
      }
    >
      {news}
      {connected.length > 0 && (
        <Notice>
          To let apps use what you connected, add this address at your authorization manager, or link it there anew
          after you connected more: <code>{issuer}</code>
        </Notice>
      )}
      {services.length === 0 && (
        <Empty title="No services">
          <p>Whoever runs this bridge has not set up any.</p>
        </Empty>
      )}
      {services.filter(isUsable).map((view) => (
        <ServiceCard key={view.service.id} {...view} />
      ))}
      <NotSetUp services={services.filter((view) => !isUsable(view))} />
    </Layout>
  );
}

const isUsable = ({ ready, account }: ServiceView): boolean => ready || account !== null;

/** What whoever runs the bridge would have to set up first. */
function NotSetUp({ services }: Pick<ServicesView, 'services'>): VNode | null {
  if (services.length === 0) return null;
  return (
    <Card title="Not set up here">
      <p>This bridge knows these services, too. Ask whoever runs it to set up one that you use.</p>
      <List>
        {services.map(({ service }) => (
          <Row
            key={service.id}
            title={service.title}
            note={service.scopes.map(({ sentence }) => wordsOf(service, sentence)).join(' · ')}
          />
        ))}
      </List>
    </Card>
  );
}

function ServiceCard({ service, ready, account }: ServiceView): VNode {
  const shown =
    account === null ? service.scopes : service.scopes.filter(({ scope }) => account.shares.includes(scope));
  const lost = account === null ? [] : service.scopes.filter(({ scope }) => !account.shares.includes(scope));
  return (
    <Card title={service.title} aside={<State account={account} />}>
      <Facts
        facts={[
          ...(account === null ? [] : [['Account there', account.label] as [string, string]]),
          ['Apps may be allowed to', shown.map(({ sentence }) => wordsOf(service, sentence)).join(' · ') || 'nothing'],
          ...(lost.length === 0
            ? []
            : [
                ['Not granted there', lost.map(({ sentence }) => wordsOf(service, sentence)).join(' · ')] as [
                  string,
                  string,
                ],
              ]),
          ...(account === null || account.extra.length === 0
            ? []
            : [['Granted there beside it', `${account.extra.join(' · ')} (never used here)`] as [string, string]]),
        ]}
      />
      {account?.state === 'broken' && (
        <p>{service.title} does not accept the connection any more. Connect it again, with the same account.</p>
      )}
      {ready ? (
        <ButtonRow>
          {account?.state !== 'active' && (
            <Form action={`/services/${service.id}/connect`}>
              <Button>{account === null ? 'Connect' : 'Connect again'}</Button>
            </Form>
          )}
          {account !== null && (
            <ButtonLink href={`/services/${service.id}/disconnect`} kind="plain">
              Disconnect
            </ButtonLink>
          )}
        </ButtonRow>
      ) : (
        <p>Ask whoever runs this bridge to set it up.</p>
      )}
    </Card>
  );
}

function State({ account }: Pick<ServiceView, 'account'>): VNode {
  if (account === null) return <Badge>not connected</Badge>;
  return account.state === 'active' ? <Badge kind="good">connected</Badge> : <Badge kind="bad">broken</Badge>;
}

/** Leaves out the service's name, which the card shows already. */
const wordsOf = ({ title }: Service, sentence: string): string => sentence.slice(`${title}: `.length);
