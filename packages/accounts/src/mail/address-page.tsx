import { Button, ButtonRow, Card, Field, Form, Hidden, Layout, Notice } from '@chatelaine/ui';
import type { VNode } from 'preact';

export interface AddressView {
  /** The confirmed address. */
  address: string | null;
  /** An address to which a mail was sent, and which is not confirmed yet. */
  pending: string | null;
  typed?: string;
  problem?: string;
}

/** The page for the e-mail address of an account. */
export function AddressPage({ address, pending, typed, problem }: AddressView): VNode {
  return (
    <Layout
      title="Your e-mail address"
      lead={
        'For a new password when you have forgotten yours, ' +
        'and to tell you when somebody changes your account. For nothing else.'
      }
    >
      {pending !== null && (
        <Notice kind="needs">
          A mail is on its way to <strong>{pending}</strong>. Open the link in it within 15 minutes, in this browser.
        </Notice>
      )}
      <Card>
        <p>{address === null ? 'You have not confirmed any.' : <strong>{address}</strong>}</p>
        <Form action="/account/email">
          <Field
            name="email"
            label={address === null ? 'Address' : 'Another address'}
            value={typed}
            problem={problem}
            autocomplete="email"
            maxLength={254}
            required
          />
          <ButtonRow>
            <Button>Send the mail that confirms it</Button>
            <a href="/account">Cancel</a>
          </ButtonRow>
        </Form>
        {address !== null && (
          <Form action="/account/email/remove">
            <ButtonRow>
              <Button kind="quiet">Remove this address</Button>
            </ButtonRow>
          </Form>
        )}
      </Card>
    </Layout>
  );
}

/**
 * The page to which the link in a mail leads. Only its button confirms the address, because mail servers open links,
 * too.
 */
export function ConfirmAddressPage({ token, username }: { token: string; username: string }): VNode {
  return (
    <Layout title="Confirm your address">
      <Card>
        <p>
          The address that this mail came to becomes that of <strong>{username}</strong>.
        </p>
        <Form action="/account/email/confirm">
          <Hidden fields={{ token }} />
          <ButtonRow>
            <Button>Confirm</Button>
            <a href="/account">Cancel</a>
          </ButtonRow>
        </Form>
      </Card>
    </Layout>
  );
}
