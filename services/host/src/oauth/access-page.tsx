import type { LinkAccess, RequesterAccess } from '@chatelaine/host-kit';
import { Button, Card, Form, Layout } from '@chatelaine/service-kit';
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
    <Layout title="Who has access">
      {links.length === 0 ? (
        <p>
          Nobody but you. To share your {flavor.many}, add <code>{issuer}</code> at your authorization manager.
        </p>
      ) : (
        links.map((link) => <LinkCard key={link.id} flavor={flavor} link={link} />)
      )}
    </Layout>
  );
}

function LinkCard({ flavor, link }: { flavor: Deps['flavor']; link: LinkAccess }): VNode {
  return (
    <Card title={new URL(link.am).host}>
      <p>
        May hand out: {link.ceiling.map((scope) => sentenceOf(flavor, scope)).join(' · ')}. Linked on {day(link.since)}
        {link.until === null ? '' : `, until ${day(link.until)}`}.
      </p>
      {link.requesters.length === 0 ? (
        <p>It has not handed out anything yet.</p>
      ) : (
        <ul class="list">
          {link.requesters.map((requester) => (
            <RequesterItem key={requester.id} requester={requester} />
          ))}
        </ul>
      )}
      <Form action="/access/end">
        <input type="hidden" name="link" value={link.id} />
        <Button kind="danger">Cut off</Button>
      </Form>
      <small>
        Every key it handed out stops working at once. Your authorization manager will show that the link has ended.
      </small>
    </Card>
  );
}

function RequesterItem({ requester }: { requester: RequesterAccess }): VNode {
  return (
    <li>
      <strong>{requester.name ?? requester.id}</strong> {requester.name !== null && <code>{requester.id}</code>}{' '}
      {requester.endedAt === null ? (
        <span class="tag">last key {day(requester.lastTokenAt)}</span>
      ) : (
        <span class="tag">stopped {day(requester.endedAt)}</span>
      )}
    </li>
  );
}

function sentenceOf(flavor: Deps['flavor'], scope: string): string {
  const known: Readonly<Record<string, string>> = flavor.scopes;
  return known[scope] ?? scope;
}

const day = (epochSeconds: number): string => new Date(epochSeconds * 1000).toISOString().slice(0, 10);
