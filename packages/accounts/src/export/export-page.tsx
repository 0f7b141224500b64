import { Button, ButtonRow, Card, Form, Layout } from '@chatelaine/ui';
import type { VNode } from 'preact';

export function ExportPage(): VNode {
  return (
    <Layout
      title="Export your data"
      lead="Everything that is kept here of you, as files that people and programs can read."
    >
      <Card>
        <p>
          It is one ZIP archive. There is no password, key or token in it, but it tells much about you: keep it in a
          safe place.
        </p>
        <Form action="/account/export">
          <ButtonRow>
            <Button>Download</Button>
            <a href="/account">Cancel</a>
          </ButtonRow>
        </Form>
      </Card>
    </Layout>
  );
}
