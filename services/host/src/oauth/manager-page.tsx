import { AddressField, Button, ButtonLink, ButtonRow, Card, Form, Layout, Steps } from '@chatelaine/ui';
import type { VNode } from 'preact';
import type { Deps } from '../deps.ts';

interface ManagerView {
  readonly flavor: Deps['flavor'];
  /** As the person typed it. */
  readonly address: string;
  readonly problem?: string;
}

function Way({ current }: { current: number }): VNode {
  return <Steps label="Linking" steps={['Its address', 'You go on there', 'You decide here']} current={current} />;
}

/** For people who start here instead of at their Authorization Manager. */
export function ManagerPage({ flavor, address, problem }: ManagerView): VNode {
  return (
    <Layout
      title="Use this with my authorization manager"
      lead={`It can then hand out keys to your ${flavor.many}, as far as you allow here.`}
    >
      <Way current={0} />
      <Card>
        <Form action="/access/manager">
          <AddressField
            name="am"
            label="Address of your authorization manager"
            example="am.example"
            value={address}
            problem={problem}
          />
          <ButtonRow>
            <Button>Continue</Button>
            <ButtonLink href="/access" kind="plain">
              Cancel
            </ButtonLink>
          </ButtonRow>
        </Form>
      </Card>
    </Layout>
  );
}

/** A plain link, because a form may not lead to another origin; nothing has been fetched from that address yet. */
export function GoToManagerPage({ am, issuer }: { am: string; issuer: string }): VNode {
  const href = `${am}/hosts/add?${new URLSearchParams({ host: issuer }).toString()}`;
  return (
    <Layout title="Continue at your authorization manager">
      <Way current={1} />
      <Card>
        <p>
          You go on at <strong>{am}</strong>. Sign in there; the address of this service is filled in already. You are
          then sent back here to decide what it may hand out.
        </p>
        <ButtonRow>
          <ButtonLink href={href}>Continue to {new URL(am).host}</ButtonLink>
          <ButtonLink href="/access/manager" kind="plain">
            That is not it
          </ButtonLink>
        </ButtonRow>
      </Card>
    </Layout>
  );
}
