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
import { POST_SCOPES } from '../posts/post.ts';

export interface AccessView {
  readonly issuer: string;
  readonly links: readonly LinkAccess[];
}

/** Which AMs may hand out keys to the posts kept here, which apps got some, and the end of it. */
export function AccessPage({ issuer, links }: AccessView): VNode {
  return (
    <Layout
      title="Who has access"
      lead="Your posts are read by an app only when an authorization manager you linked gives it a key, as far as you allowed here."
    >
      {links.length === 0 && (
        <Empty title="Nobody but you">
          <p>
            To let other apps read the posts you keep here, tick “and share what I keep here” when you connect your
            authorization manager; or choose “Add a Host” there and enter this address:
          </p>
          <p>
            <code>{issuer}</code>
          </p>
          <ButtonRow>
            <ButtonLink href="/connect">Connect an authorization manager</ButtonLink>
          </ButtonRow>
        </Empty>
      )}
      {links.map((link) => (
        <LinkCard key={link.id} link={link} />
      ))}
    </Layout>
  );
}

function LinkCard({ link }: { link: LinkAccess }): VNode {
  const { host } = new URL(link.am);
  return (
    <Card title={host}>
      <Facts
        facts={[
          ['May hand out', link.ceiling.map(sentenceOf).join(' · ')],
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
        {host} can then hand out nothing more, and every key it handed out stops working at once. Your posts stay here,
        and so does the connection through which you read your Hosts.
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
    endedAt === null ? <Badge kind="good">has access</Badge> : <Badge>stopped</Badge>,
  ];
}

function sentenceOf(scope: string): string {
  const known: Readonly<Record<string, string>> = POST_SCOPES;
  return known[scope] ?? scope;
}

const dayOf = (epochSeconds: number): string => new Date(epochSeconds * 1000).toISOString().slice(0, 10);
