import { Address, Card, Facts, Layout } from '@chatelaine/ui';
import type { VNode } from 'preact';
import type { ServedTerms } from '../deps.ts';
import { titleOf } from './documents.ts';

/** A terms document for people; programs get its JSON at the same address. */
export function DocumentPage({ terms }: { terms: ServedTerms }): VNode {
  const { document, reference } = terms;
  const { summary, source, purposes, prohibited, obliged } = document;
  const list = (iris: readonly string[]) => (iris.length === 0 ? null : iris.join(' '));
  return (
    <Layout
      title={titleOf(terms)}
      lead="Terms that an app can be asked to sign. This text never changes; another one has another version."
    >
      <Card title="What the app promises">
        <p>{summary}</p>
        {source !== undefined && (
          <p>
            <a href={source} rel="noreferrer">
              The form that this is
            </a>
          </p>
        )}
      </Card>
      <Card title="For programs">
        <Facts
          facts={[
            [
              'Address',
              <code>
                <Address>{reference.uri}</Address>
              </code>,
            ],
            ['SHA-256', <code>{reference.digest}</code>],
            ['Purposes', list(purposes)],
            ['Prohibited', list(prohibited)],
            ['Obliged', list(obliged)],
          ]}
        />
      </Card>
    </Layout>
  );
}
