import { Button, ButtonRow, Card, Field, Form, Layout, List, Row } from '@chatelaine/ui';
import type { VNode } from 'preact';

/** Asks once more before an account is deleted. */
export function DeletePage({
  username,
  service,
  problem,
}: {
  username: string;
  service: string;
  problem?: string;
}): VNode {
  return (
    <Layout title="Delete your account" lead="It cannot be undone.">
      <Card>
        <p>
          First everything that may act for you through {service} is ended, and whoever must know is told. Then
          everything that {service} keeps of you is deleted. What is kept elsewhere stays there.
        </p>
        <p>
          <a href="/account/export">Export your data</a> before, if you want to keep it.
        </p>
        <Form action="/account/delete">
          <Field
            name="confirmation"
            label={`To go on, enter your username: ${username}`}
            problem={problem}
            maxLength={64}
            required
          />
          <ButtonRow>
            <Button kind="danger">Delete my account</Button>
            <a href="/account">Cancel</a>
          </ButtonRow>
        </Form>
      </Card>
    </Layout>
  );
}

/**
 * The progress of a deletion. `waitsFor` has the names of those who must be told before it can go on; null if it is
 * finished.
 */
export function DeletedPage({ waitsFor }: { waitsFor: readonly string[] | null }): VNode {
  if (waitsFor === null) {
    return (
      <Layout title="Your account is deleted" lead="Nothing of it is left here.">
        <p>You can close this page.</p>
      </Layout>
    );
  }
  return (
    <Layout
      title="Your account is being deleted"
      lead={
        'Nobody can sign in to it any more, and nothing can be obtained through it. ' +
        'What is kept until it is done serves for nothing else.'
      }
    >
      {waitsFor.length > 0 && (
        <Card title="These have yet to confirm that they know">
          <List>
            {waitsFor.map((name) => (
              <Row key={name} title={name} />
            ))}
          </List>
        </Card>
      )}
      <p>It goes on by itself, for a week at most. Reload this page, or keep its address, to see when it is done.</p>
    </Layout>
  );
}
