import { type AccessNow, LinkCard } from '@chatelaine/host-pages';
import { ButtonLink, ButtonRow, Empty, Layout } from '@chatelaine/ui';
import type { VNode } from 'preact';
import { POST_SCOPES } from '../posts/post.ts';

export interface AccessView extends AccessNow {
  readonly issuer: string;
}

/** Which AMs may pass on access to the posts that are stored here, which apps have got some, and how to end it. */
export function AccessPage({ issuer, links, news, pager }: AccessView): VNode {
  return (
    <Layout
      title="Who has access"
      lead={
        'Your posts are read by an app only when an authorization ' +
        'manager you linked gives it a key, as far as you allowed here.'
      }
    >
      {news}
      {links.length === 0 && (
        <Empty title="Nobody but you">
          <p>
            To let other apps read the posts you keep here, tick “and share what I keep here” when you connect your
            authorization manager; or choose “Add a service” there and enter this address:
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
        <LinkCard
          key={link.id}
          link={link}
          scopes={POST_SCOPES}
          afterwards="Your posts stay here, and so does the connection through which you read your Hosts."
        />
      ))}
      {pager}
    </Layout>
  );
}
