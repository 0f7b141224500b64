import type { LinkAccess, RequesterAccess } from '@chatelaine/host-kit';
import {
  Badge,
  Button,
  ButtonLink,
  ButtonRow,
  Card,
  Day,
  Empty,
  Facts,
  Form,
  Hidden,
  Layout,
  Moment,
  Table,
} from '@chatelaine/service-kit';
import type { VNode } from 'preact';
import type { Deps } from '../deps.ts';

export interface AccessView {
  readonly flavor: Deps['flavor'];
  readonly issuer: string;
  readonly links: readonly LinkAccess[];
}

/** Who has access, through which AM, and the button that ends it. */
export function AccessPage({ flavor, issuer, links }: AccessView): VNode {
  return (
    <Layout
      title="Who has access"
      lead={`The authorization managers you linked, and the apps to which they handed out keys to your ${flavor.many}.`}
    >
      {links.length === 0 ? (
        <Empty title="Nobody but you">
          <p>
            To let an app use your {flavor.many}, go to your authorization manager, choose “Add a Host” and enter this
            address:
          </p>
          <p>
            <code>{issuer}</code>
          </p>
          <p>You then decide here what it may hand out at most, and for how long. It will stand on this page.</p>
          <UseIt />
        </Empty>
      ) : (
        links.map((link) => <LinkCard key={link.id} flavor={flavor} link={link} />)
      )}
      {links.length > 0 && <UseIt />}
    </Layout>
  );
}

function UseIt(): VNode {
  return (
    <ButtonRow>
      <ButtonLink href="/access/manager" kind="plain">
        Use this with my authorization manager
      </ButtonLink>
    </ButtonRow>
  );
}

function LinkCard({ flavor, link }: { flavor: Deps['flavor']; link: LinkAccess }): VNode {
  return (
    <Card title={new URL(link.am).host}>
      <Facts
        facts={[
          ['May hand out', link.ceiling.map((scope) => sentenceOf(flavor, scope)).join(' · ')],
          ['Linked on', <Day date={dayOf(link.since)} />],
          ['Until', link.until === null ? 'you end it' : <Day date={dayOf(link.until)} />],
        ]}
      />
      {link.requesters.length === 0 ? (
        <p>It has not handed out anything yet. Every app that gets a key through it will be listed here.</p>
      ) : (
        <Table
          caption="Apps that got keys through it"
          columns={['App', 'First key', 'Last key', 'State']}
          rows={link.requesters.map((requester) => ({ key: requester.id, cells: cellsOf(requester) }))}
        />
      )}
      <h3>End it</h3>
      <p>
        {new URL(link.am).host} can then hand out nothing more, and every key it handed out stops working at once. Your{' '}
        {flavor.many} stay here. To undo it, link this service there again.
      </p>
      <Form action="/access/end">
        <Hidden fields={{ link: link.id }} />
        <Button kind="danger">Cut off</Button>
      </Form>
    </Card>
  );
}

function cellsOf({ id, name, firstTokenAt, lastTokenAt, endedAt }: RequesterAccess): VNode[] {
  return [
    <>
      {name ?? id}
      {name !== null && (
        <>
          <br />
          <small>calls itself so; it is {id}</small>
        </>
      )}
    </>,
    <Day date={dayOf(firstTokenAt)} />,
    <Moment at={lastTokenAt} />,
    endedAt === null ? (
      <Badge kind="good">has access</Badge>
    ) : (
      <>
        <Badge>stopped</Badge> <Day date={dayOf(endedAt)} />
      </>
    ),
  ];
}

function sentenceOf(flavor: Deps['flavor'], scope: string): string {
  const known: Readonly<Record<string, string>> = flavor.scopes;
  return known[scope] ?? scope;
}

const dayOf = (epochSeconds: number): string => new Date(epochSeconds * 1000).toISOString().slice(0, 10);
