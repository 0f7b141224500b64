import type { LinkAccess, RequesterAccess } from '@chatelaine/host-kit';
import { Badge, Button, Card, Day, Facts, Form, Hidden, Moment, Table } from '@chatelaine/ui';
import type { VNode } from 'preact';

export interface LinkCardView {
  readonly link: LinkAccess;
  /** What each scope lets somebody do. */
  readonly scopes: Readonly<Record<string, string>>;
  /** What stays when the link is cut off, and how to undo it. */
  readonly afterwards: string;
}

/** One linked AM: what it may hand out, which apps got keys through it, and the button that ends it. */
export function LinkCard({ link, scopes, afterwards }: LinkCardView): VNode {
  const { host } = new URL(link.am);
  return (
    <Card title={host}>
      <Facts
        facts={[
          ['May hand out', link.ceiling.map((scope) => scopes[scope] ?? scope).join(' · ')],
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
        {host} can then hand out nothing more, and every key it handed out stops working at once. {afterwards}
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

const dayOf = (epochSeconds: number): string => new Date(epochSeconds * 1000).toISOString().slice(0, 10);
