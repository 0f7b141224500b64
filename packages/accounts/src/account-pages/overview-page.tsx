import { Facts, Layout, List, Notice, Row } from '@chatelaine/ui';
import type { VNode } from 'preact';

export interface OverviewView {
  username: string;
  sections: readonly Section[];
  /** What was just done, in a sentence. */
  done: string | undefined;
}

/** A page of the account, to which the overview links. */
export interface Section {
  readonly href: string;
  readonly title: string;
  readonly note: string;
}

export function OverviewPage({ username, sections, done }: OverviewView): VNode {
  return (
    <Layout title="Your account">
      {done !== undefined && <Notice kind="good">{done}</Notice>}
      <Facts facts={[['Username', username]]} />
      <List>
        {sections.map(({ href, title, note }) => (
          <Row key={href} title={<a href={href}>{title}</a>} note={note} />
        ))}
      </List>
    </Layout>
  );
}
